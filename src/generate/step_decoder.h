// What a search needs of a decoder: feed tokens, get the logits of what follows.
#pragma once

#include <cstdint>
#include <span>

#include "base/status.h"
#include "engine/value.h"

namespace escuta::generate {

// Sequences being decoded together, one a row. The state (keys and values) stays with the provider.
// One thread.
class StepDecoder {
 public:
  virtual ~StepDecoder() = default;

  // Appends to each row the same number n of tokens: tokens [rows, n]. The first call may have any
  // n and says what the rows are; in those that follow n is 1. Returns logits [rows,
  // positions.size(), V] f32 in host memory: what follows the tokens at `positions` (0 .. n-1).
  virtual Result<engine::Value> feed(std::span<const int32_t> tokens, int64_t rows,
                                     std::span<const int64_t> positions) = 0;

  // Goes on with these of the rows, in this order; a row may come several times. After feed().
  virtual Status take_rows(std::span<const int64_t> rows) = 0;
};

}  // namespace escuta::generate
