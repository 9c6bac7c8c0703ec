// A cache of keys or of values that grows at its end from run to run: present is past, then the
// fresh rows. Where the caller lets it (Call::may_have_room), the fresh rows are written behind the
// past ones, into memory that is there already, and nothing is copied.
#pragma once

#include "ops/call.h"

namespace escuta::ops {

// [batch, heads, length, size] of floats somewhere in memory; the elements of a row are contiguous.
struct CacheRows {
  const float* data = nullptr;
  int64_t batch_step = 0, head_step = 0, row_step = 0;
  int64_t length = 0;
};

// The rows of input i, a float tensor [batch, heads, length, size] with or without room.
CacheRows cache_rows(const Call& call, size_t i);

// Sets output `present`, which may have room, to the rows of input `past` (absent: none; of the
// same batch, heads and size) and then `fresh`. Gives its rows. OutOfRange, ResourceExhausted.
Result<CacheRows> append_to_cache(Call& call, size_t past, size_t present, const CacheRows& fresh,
                                  int64_t batch, int64_t heads, int64_t size);

}  // namespace escuta::ops
