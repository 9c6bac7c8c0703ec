// SequenceErase (ai.onnx 11): the sequence without the item at `position`, or without its last.
#include "ops/operator.h"
#include "ops/sequence.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  RETURN_IF_ERROR(check_sequence(call, 0));
  const Sequence& sequence = call.input(0).sequence();
  const auto count = static_cast<int64_t>(sequence.items.size());
  if (count == 0) return out_of_range("expected a sequence with an item to erase, found none");
  int64_t at = count - 1;
  if (call.has(1)) {
    ASSIGN_OR_RETURN(at, sequence_position(call, 1, count, count - 1));
  }
  std::vector<Datum> items;
  items.reserve(sequence.items.size() - 1);
  items.insert(items.end(), sequence.items.begin(), sequence.items.begin() + at);
  items.insert(items.end(), sequence.items.begin() + at + 1, sequence.items.end());
  return set_sequence(call, sequence.dtype, std::move(items));
}

}  // namespace

extern const Operator kSequenceErase = {.domain = "",
                                        .name = "SequenceErase",
                                        .versions = {11},
                                        .inputs = {1, 2},
                                        .infer = infer_same,
                                        .create = make_function<run>};

}  // namespace escuta::ops
