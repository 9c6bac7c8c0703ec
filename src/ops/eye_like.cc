// EyeLike (ai.onnx 9, 22): a matrix of the input's shape with ones on diagonal `k`.
#include "ops/arguments.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  if (node.rank(0).value_or(2) != 2) {
    node.fail(invalid_argument("expected a matrix, found {} dimensions", *node.rank(0)));
  }
  node.set(0, node.dtype_attribute("dtype", node.dtype(0)), node.shape(0));
}

class EyeLike final : public Kernel {
 public:
  explicit EyeLike(const NodeInfo& node)
      : dtype_(node.dtype_attribute("dtype", DType::kUndefined)), k_(node.integer("k", 0)) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    const Shape& shape = call.shape(0);
    if (shape.rank() != 2) {
      return invalid_argument("expected a matrix, found shape {}", shape.to_string());
    }
    using Elements = Types<float, double, Float16, BFloat16, int8_t, int16_t, int32_t, int64_t,
                           uint8_t, uint16_t, uint32_t, uint64_t, bool>;
    const DType dtype = dtype_ == DType::kUndefined ? call.dtype(0) : dtype_;
    return dispatch(Elements{}, dtype, [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      std::fill_n(dst, shape.count(), static_cast<T>(0));
      if (k_ <= -shape[0] || k_ >= shape[1]) return {};
      for (int64_t row = k_ < 0 ? -k_ : 0; row < shape[0] && row + k_ < shape[1]; ++row) {
        dst[row * shape[1] + row + k_] = static_cast<T>(1);
      }
      return {};
    });
  }

 private:
  DType dtype_;
  int64_t k_;
};

}  // namespace

extern const Operator kEyeLike = {.domain = "",
                                  .name = "EyeLike",
                                  .versions = {9, 22},
                                  .inputs = {1, 1},
                                  .infer = infer,
                                  .create = make<EyeLike>};

}  // namespace escuta::ops
