// Size (ai.onnx 1, 13, 19, 21, 23, 24, 25): the number of elements.
#include "ops/arguments.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  node.set(0, DType::kInt64, Dims());
  if (node.shape(0)) set_elements(node, 0, {product(*node.shape(0))});
}

Status run(Call& call) {
  RETURN_IF_ERROR(check_tensor(call, 0));
  ASSIGN_OR_RETURN(int64_t * dst, call.output<int64_t>(0, Shape{}));
  *dst = call.input(0).count();
  return {};
}

}  // namespace

extern const Operator kSize = {.domain = "",
                               .name = "Size",
                               .versions = {1, 13, 19, 21, 23, 24, 25},
                               .inputs = {1, 1},
                               .infer = infer,
                               .create = make_function<run>};

}  // namespace escuta::ops
