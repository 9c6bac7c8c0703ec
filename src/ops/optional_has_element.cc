// OptionalHasElement (ai.onnx 15, 18).
#include "ops/operator.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  ASSIGN_OR_RETURN(bool* has, call.output<bool>(0, Shape()));
  *has = !call.input(0).is_none();
  return {};
}

void infer(Inference& node) { node.set(0, DType::kBool, Dims()); }

}  // namespace

extern const Operator kOptionalHasElement = {.domain = "",
                                             .name = "OptionalHasElement",
                                             .versions = {15, 18},
                                             .inputs = {0, 1},
                                             .infer = infer,
                                             .create = make_function<run>};

}  // namespace escuta::ops
