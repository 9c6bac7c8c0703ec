// Optional (ai.onnx 15): the input as an optional value, or an empty one. An optional value is the
// value itself; an empty one is nothing.
#include "ops/operator.h"
#include "ops/type_facts.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  call.set(0, call.input(0));
  return {};
}

void infer(Inference& node) {
  if (!node.has_output(0)) return;
  if (node.has_input(0)) {
    node.output(0) = optional_fact(node.input(0));
  } else if (const auto* type = node.node().get<graph::TypePtr>("type");
             type != nullptr && *type != nullptr) {
    node.output(0) = optional_fact(Fact::of(**type));
  }
}

}  // namespace

extern const Operator kOptional = {.domain = "",
                                   .name = "Optional",
                                   .versions = {15},
                                   .inputs = {0, 1},
                                   .infer = infer,
                                   .create = make_function<run>,
                                   .memory = Memory::kView};

}  // namespace escuta::ops
