// Binarizer (ai.onnx.ml 1): 1 above the threshold, else 0.
#include "ops/arguments.h"
#include "ops/ml/rows.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class Binarizer final : public Kernel {
 public:
  explicit Binarizer(const NodeInfo& node) : threshold_(node.number("threshold", 0)) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    return dispatch(ml::FeatureTypes{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, call.shape(0)));
      const auto src = call.input(0).as<T>();
      for (size_t i = 0; i < src.size(); ++i) {
        dst[i] = static_cast<double>(src[i]) > threshold_ ? T{1} : T{0};
      }
      return {};
    });
  }

 private:
  float threshold_;
};

}  // namespace

extern const Operator kMlBinarizer = {.domain = "ai.onnx.ml",
                                      .name = "Binarizer",
                                      .versions = {1},
                                      .inputs = {1, 1},
                                      .infer = infer_same,
                                      .create = make<Binarizer>,
                                      .memory = Memory::kInPlace};

}  // namespace escuta::ops
