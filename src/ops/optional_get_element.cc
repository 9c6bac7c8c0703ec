// OptionalGetElement (ai.onnx 15, 18).
#include "ops/operator.h"
#include "ops/type_facts.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  if (call.input(0).is_none()) {
    return invalid_argument("expected an optional with an element, found an empty one");
  }
  call.set(0, call.input(0));
  return {};
}

void infer(Inference& node) {
  if (node.has_output(0)) node.output(0) = content_fact(node.input(0));
  if (node.has_output(0)) node.output(0).constant = nullptr;
}

}  // namespace

extern const Operator kOptionalGetElement = {.domain = "",
                                             .name = "OptionalGetElement",
                                             .versions = {15, 18},
                                             .inputs = {1, 1},
                                             .infer = infer,
                                             .create = make_function<run>,
                                             .memory = Memory::kView};

}  // namespace escuta::ops
