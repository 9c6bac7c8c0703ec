// Scaler (ai.onnx.ml 1): (x - offset) * scale, each one number or one for each element of the last
// dimension.
#include "ops/arguments.h"
#include "ops/dispatch.h"
#include "ops/ml/rows.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class Scaler final : public Kernel {
 public:
  explicit Scaler(const NodeInfo& node)
      : offset_(node.numbers("offset", {0})), scale_(node.numbers("scale", {1})) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    const Shape& shape = call.shape(0);
    const auto width = static_cast<size_t>(shape.rank() == 0 ? 1 : shape[shape.rank() - 1]);
    for (const std::vector<float>* list : {&offset_, &scale_}) {
      if (list->size() != 1 && list->size() != width) {
        return invalid_argument("expected 1 or {} numbers as `offset` and `scale`, found {}", width,
                                list->size());
      }
    }
    return dispatch(ml::FeatureTypes{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      // Integers are computed in float, as in ONNX Runtime.
      using W = std::conditional_t<std::is_same_v<T, double>, double, float>;
      ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
      const auto src = call.input(0).as<T>();
      for (size_t i = 0; i < src.size(); ++i) {
        const float offset = offset_[offset_.size() == 1 ? 0 : i % width];
        const float scale = scale_[scale_.size() == 1 ? 0 : i % width];
        dst[i] = static_cast<float>((static_cast<W>(src[i]) - offset) * scale);
      }
      return {};
    });
  }

 private:
  std::vector<float> offset_;
  std::vector<float> scale_;
};

}  // namespace

extern const Operator kMlScaler = {.domain = "ai.onnx.ml",
                                   .name = "Scaler",
                                   .versions = {1},
                                   .inputs = {1, 1},
                                   .infer = ml::infer_float_like,
                                   .create = make<Scaler>,
                                   .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
