#include "ops/sequence.h"

namespace escuta::ops {

Result<int64_t> sequence_position(const Call& call, size_t i, int64_t count, int64_t end) {
  ASSIGN_OR_RETURN(const int64_t given, read_int(call, i, "position"));
  if (given < -count || given > end) {
    return out_of_range("expected a position from {} to {}, found {}", -count, end, given);
  }
  return given < 0 ? given + count : given;
}

Status set_sequence(Call& call, DType dtype, std::vector<Datum> items) {
  if (static_cast<int64_t>(items.size()) > kMaxSequenceItems) {
    return resource_exhausted("expected a sequence of at most {} items, found {}",
                              kMaxSequenceItems, items.size());
  }
  auto sequence = std::make_shared<Sequence>();
  sequence->dtype = dtype;
  sequence->items = std::move(items);
  call.set(0, Datum::of(std::shared_ptr<const Sequence>(std::move(sequence))));
  return {};
}

}  // namespace escuta::ops
