// Rows of tensors, which are items along axis 0: taken out, repeated, put together. What a search
// over hypotheses does with the state of each.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "engine/value.h"

namespace escuta::engine {

// The rows `rows` of `value`, in this order; a row may come several times or not at all. What is in
// place stays there: where nobody else has the elements, they are moved instead of copied. A tensor
// with room for more (Datum::with_room) keeps it. Elements on a device come to the host.
// InvalidArgument: no such row, or no tensor of numbers with an axis 0.
Result<Value> take_rows(Value value, std::span<const int64_t> rows);

// The rows of all values after each other; values agree in type and in all other dimensions.
Result<Value> join_rows(std::span<const Value> values);

// How rows that share items, as many rows per item and in order, share them after a choice of rows.
// Rows 0, 1 of item 0 and 2, 3 of item 1, of which 2, 2, 3 are taken: item 1 for all three.
// `group`: rows per item before. Gives the items to take: one per row where the rows do not share
// evenly.
std::vector<int64_t> shared_items(std::span<const int64_t> rows, int64_t group);

}  // namespace escuta::engine
