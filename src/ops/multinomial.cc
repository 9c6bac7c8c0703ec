// Multinomial (ai.onnx 7, 22): for each row of unnormalised log-probabilities, class numbers drawn
// with those probabilities, by inversion of the cumulative distribution.
#include <algorithm>
#include <cmath>

#include "ops/convert_elements.h"
#include "ops/random_numbers.h"

namespace escuta::ops {
namespace {

// scores [C] -> the running sum of exp(score - max), in place. Its last element is > 0 unless a
// score is NaN or none is finite.
void accumulate(double* scores, int64_t classes) {
  const double top = *std::max_element(scores, scores + classes);
  double sum = 0;
  for (int64_t i = 0; i < classes; ++i) scores[i] = sum += std::exp(scores[i] - top);
}

class Multinomial final : public Kernel {
 public:
  explicit Multinomial(const NodeInfo& node)
      : seed_(node),
        dtype_(node.dtype_attribute("dtype", DType::kInt32)),
        samples_(node.integer("sample_size", 1)) {
    if (dtype_ != DType::kInt32 && dtype_ != DType::kInt64) {
      node.fail(invalid_argument("attribute `dtype`: expected int32 or int64, found {}",
                                 dtype_name(dtype_)));
    }
    if (samples_ < 0) {
      node.fail(
          invalid_argument("attribute `sample_size`: expected 0 or more, found {}", samples_));
    }
  }

  Status run(Call& call) const override {
    const Datum& src = call.input(0);
    if (!is_numeric(src.dtype()) || src.shape().rank() != 2 || src.shape()[1] == 0) {
      return invalid_argument("expected numbers [batch, classes], found {} of shape {}",
                              dtype_name(src.dtype()), src.shape().to_string());
    }
    const int64_t rows = src.shape()[0], classes = src.shape()[1];
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(std::array{rows, samples_}));
    ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, dtype_, shape));
    ASSIGN_OR_RETURN(double* sums, call.scratch_of<double>(classes));
    return seed_.with_generator(call, [&](auto& generator) -> Status {
      for (int64_t row = 0; row < rows; ++row) {
        RETURN_IF_ERROR(load_elements(src.dtype(), src.bytes(), row * classes, classes, sums));
        accumulate(sums, classes);
        const double total = sums[classes - 1];
        if (!(total > 0)) return invalid_argument("row {} has no probability to draw from", row);
        for (int64_t i = 0; i < samples_; ++i) {
          double* const end = sums + classes - 1;  // rounding must not lead beyond the last class
          const int64_t drawn = std::upper_bound(sums, end, uniform(generator) * total) - sums;
          RETURN_IF_ERROR(store_elements(&drawn, 1, dtype_, dst, row * samples_ + i));
        }
      }
      return {};
    });
  }

 private:
  Seed seed_;
  DType dtype_;
  int64_t samples_;
};

void infer(Inference& node) {
  Dims dims(2);
  if (node.shape(0) && node.shape(0)->size() == 2) dims[0] = node.shape(0)->front();
  const int64_t samples = node.integer("sample_size", 1);
  if (samples >= 0) dims[1] = Dim(samples);
  node.set(0, node.dtype_attribute("dtype", DType::kInt32), std::move(dims));
}

}  // namespace

extern const Operator kMultinomial = {.domain = "",
                                      .name = "Multinomial",
                                      .versions = {7, 22},
                                      .inputs = {1, 1},
                                      .infer = infer,
                                      .create = make<Multinomial>,
                                      .tolerance = Tolerance::kRandom};

}  // namespace escuta::ops
