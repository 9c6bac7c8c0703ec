// SequenceLength (ai.onnx 11).
#include "ops/operator.h"
#include "ops/sequence.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  RETURN_IF_ERROR(check_sequence(call, 0));
  ASSIGN_OR_RETURN(int64_t * length, call.output<int64_t>(0, Shape()));
  *length = static_cast<int64_t>(call.input(0).sequence().items.size());
  return {};
}

void infer(Inference& node) { node.set(0, DType::kInt64, Dims()); }

}  // namespace

extern const Operator kSequenceLength = {.domain = "",
                                         .name = "SequenceLength",
                                         .versions = {11},
                                         .inputs = {1, 1},
                                         .infer = infer,
                                         .create = make_function<run>};

}  // namespace escuta::ops
