// What the operators on sequences share.
#pragma once

#include "ops/arguments.h"
#include "ops/check_kind.h"

namespace escuta::ops {

// A sequence holds at most this many items: each costs memory even where its elements are none.
inline constexpr int64_t kMaxSequenceItems = int64_t{1} << 24;

// Input i, a scalar of int32 or int64 (or a vector of one), as a position in [0, end]; negative
// ones count from `count`. OutOfRange.
Result<int64_t> sequence_position(const Call& call, size_t i, int64_t count, int64_t end);

// Output 0 is this sequence. ResourceExhausted over kMaxSequenceItems.
Status set_sequence(Call& call, DType dtype, std::vector<Datum> items);

}  // namespace escuta::ops
