// LRN, local response normalization (Krizhevsky et al., 2012): x / (bias + alpha / size * sum of
// squares of the `size` channels around) ^ beta.
#include <algorithm>
#include <cmath>

#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class Lrn final : public Kernel {
 public:
  explicit Lrn(const NodeInfo& node)
      : size_(node.integer("size", 0)),
        alpha_(node.number("alpha", 1e-4f)),
        beta_(node.number("beta", 0.75f)),
        bias_(node.number("bias", 1)) {
    if (size_ < 1) node.fail(invalid_argument("size: expected 1 or more, found {}", size_));
  }

  Status run(Call& call) const override {
    const Shape& shape = call.shape(0);
    if (shape.rank() < 2) {
      return invalid_argument("expected a tensor [N, C, ...], found {}", shape.to_string());
    }
    return dispatch(Floats{}, call.dtype(0),
                    [&](auto tag) -> Status { return loop<decltype(tag)>(call); });
  }

 private:
  template <typename T>
  Status loop(Call& call) const {
    const Shape& shape = call.shape(0);
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    const T* src = call.input(0).as<T>().data();
    const int64_t channels = shape[1];
    int64_t inner = 1;
    for (int i = 2; i < shape.rank(); ++i) inner *= shape[i];
    ASSIGN_OR_RETURN(double* sums, call.scratch_of<double>(inner));
    const int64_t before = (size_ - 1) / 2;
    const int64_t after = size_ - 1 - before;
    if (shape.count() == 0) return {};
    for (int64_t n = 0; n < shape[0]; ++n, src += channels * inner) {
      for (int64_t c = 0; c < channels; ++c) {
        RETURN_IF_ERROR(call.check_cancelled());
        const int64_t first = std::max<int64_t>(c - before, 0);
        const int64_t last = after >= channels - c ? channels - 1 : c + after;
        std::fill_n(sums, inner, 0.0);
        for (int64_t k = first; k <= last; ++k) {
          for (int64_t i = 0; i < inner; ++i) {
            const double x = src[k * inner + i];
            sums[i] += x * x;
          }
        }
        for (int64_t i = 0; i < inner; ++i) {
          const double scale = bias_ + alpha_ / static_cast<double>(size_) * sums[i];
          const double x = src[c * inner + i];
          *dst++ = static_cast<T>(static_cast<Wide<T>>(x / std::pow(scale, beta_)));
        }
      }
    }
    return {};
  }

  int64_t size_;
  double alpha_, beta_, bias_;
};

}  // namespace

extern const Operator kLRN = {.domain = "",
                              .name = "LRN",
                              .versions = {1, 13},
                              .inputs = {1, 1},
                              .infer = infer_same,
                              .create = make<Lrn>,
                              .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
