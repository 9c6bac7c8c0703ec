// SequenceInsert (ai.onnx 11): the sequence with a tensor before `position`, or at the end.
#include "ops/operator.h"
#include "ops/sequence.h"
#include "ops/type_facts.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  RETURN_IF_ERROR(check_sequence(call, 0));
  RETURN_IF_ERROR(check_tensor(call, 1));
  const Sequence& sequence = call.input(0).sequence();
  if (sequence.dtype != DType::kUndefined && sequence.dtype != call.dtype(1)) {
    return invalid_argument("expected a tensor of {} as the sequence holds, found {}",
                            dtype_name(sequence.dtype), dtype_name(call.dtype(1)));
  }
  const auto count = static_cast<int64_t>(sequence.items.size());
  int64_t at = count;
  if (call.has(2)) {
    ASSIGN_OR_RETURN(at, sequence_position(call, 2, count, count));
  }
  ASSIGN_OR_RETURN(Datum item, call.input(1).to_owned());
  std::vector<Datum> items;
  items.reserve(sequence.items.size() + 1);
  items.insert(items.end(), sequence.items.begin(), sequence.items.begin() + at);
  items.push_back(std::move(item));
  items.insert(items.end(), sequence.items.begin() + at, sequence.items.end());
  return set_sequence(call, call.dtype(1), std::move(items));
}

void infer(Inference& node) {
  if (!node.has_output(0)) return;
  node.output(0) = sequence_fact(merge_facts(item_fact(node.input(0)), node.input(1)));
}

}  // namespace

extern const Operator kSequenceInsert = {.domain = "",
                                         .name = "SequenceInsert",
                                         .versions = {11},
                                         .inputs = {2, 3},
                                         .infer = infer,
                                         .create = make_function<run>};

}  // namespace escuta::ops
