// SequenceAt (ai.onnx 11).
#include "ops/operator.h"
#include "ops/sequence.h"
#include "ops/type_facts.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  RETURN_IF_ERROR(check_sequence(call, 0));
  const Sequence& sequence = call.input(0).sequence();
  const auto count = static_cast<int64_t>(sequence.items.size());
  ASSIGN_OR_RETURN(const int64_t at, sequence_position(call, 1, count, count - 1));
  call.set(0, sequence.items[static_cast<size_t>(at)]);
  return {};
}

void infer(Inference& node) {
  if (node.has_output(0)) node.output(0) = item_fact(node.input(0));
}

}  // namespace

extern const Operator kSequenceAt = {.domain = "",
                                     .name = "SequenceAt",
                                     .versions = {11},
                                     .inputs = {2, 2},
                                     .infer = infer,
                                     .create = make_function<run>};

}  // namespace escuta::ops
