// Identity (ai.onnx 1, 13, 14, 16, 19, 21, 23, 24, 25): tensors, sequences, optionals.
#include "ops/operator.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  call.set(0, call.input(0));
  return {};
}

}  // namespace

extern const Operator kIdentity = {.domain = "",
                                   .name = "Identity",
                                   .versions = {1, 13, 14, 16, 19, 21, 23, 24, 25},
                                   .inputs = {1, 1},
                                   .infer = [](Inference& node) { node.copy(0, 0); },
                                   .create = make_function<run>,
                                   .memory = Memory::kView};

}  // namespace escuta::ops
