// FeatureVectorizer (ai.onnx.ml 1): the rows of all inputs side by side. An input that is wider or
// narrower than `inputdimensions` says is cut, or filled up with 0, as in ONNX Runtime.
#include <algorithm>

#include "ops/dispatch.h"
#include "ops/ml/rows.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class FeatureVectorizer final : public Kernel {
 public:
  explicit FeatureVectorizer(const NodeInfo& node) : widths_(node.integers("inputdimensions")) {
    if (!widths_.empty() && widths_.size() != node.input_count()) {
      node.fail(invalid_argument("attribute `inputdimensions`: expected {} numbers, found {}",
                                 node.input_count(), widths_.size()));
    }
    for (const int64_t width : widths_) {
      if (width < 0) {
        node.fail(
            invalid_argument("attribute `inputdimensions`: expected numbers of 0 or more, "
                             "found {}",
                             width));
      }
    }
  }

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const ml::Rows first, ml::rows_of(call, 0));
    int64_t width = 0;
    for (size_t i = 0; i < call.input_count(); ++i) {
      ASSIGN_OR_RETURN(const ml::Rows rows, ml::rows_of(call, i));
      if (rows.count != first.count) {
        return invalid_argument("input {}: expected {} rows as in input 0, found {}", i,
                                first.count, rows.count);
      }
      if (__builtin_add_overflow(width, width_of(i, rows), &width)) {
        return invalid_argument("attribute `inputdimensions`: the sum is over 64 bits");
      }
    }
    const std::array<int64_t, 2> dims = {first.count, width};
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    std::fill_n(dst, shape.count(), 0.0f);
    int64_t at = 0;
    for (size_t i = 0; i < call.input_count(); ++i) {
      ASSIGN_OR_RETURN(const ml::Rows rows, ml::rows_of(call, i));
      const int64_t used = std::min(rows.width, width_of(i, rows));
      RETURN_IF_ERROR(dispatch(ml::FeatureTypes{}, call.dtype(i), [&](auto tag) -> Status {
        using T = decltype(tag);
        const T* src = call.input(i).as<T>().data();
        for (int64_t row = 0; row < rows.count; ++row) {
          for (int64_t k = 0; k < used; ++k) {
            dst[row * width + at + k] = static_cast<float>(src[row * rows.width + k]);
          }
        }
        return {};
      }));
      at += width_of(i, rows);
    }
    return {};
  }

 private:
  int64_t width_of(size_t i, const ml::Rows& rows) const {
    return i < widths_.size() ? widths_[i] : rows.width;
  }

  std::vector<int64_t> widths_;
};

void infer(Inference& node) { node.set(0, DType::kFloat, Dims{ml::infer_count(node), Dim()}); }

}  // namespace

extern const Operator kMlFeatureVectorizer = {.domain = "ai.onnx.ml",
                                              .name = "FeatureVectorizer",
                                              .versions = {1},
                                              .inputs = {1, kAny},
                                              .infer = infer,
                                              .create = make<FeatureVectorizer>};

}  // namespace escuta::ops
