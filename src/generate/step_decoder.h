// What a search needs of a decoder: feed tokens, get the logits of what follows.
#pragma once

#include <cstdint>
#include <span>

#include "base/status.h"
#include "engine/value.h"

namespace escuta::generate {

// One sequence being decoded. The state (keys and values) stays with the provider. One thread.
class StepDecoder {
 public:
  virtual ~StepDecoder() = default;

  // Appends tokens to the sequence. Returns logits [1, n, V] f32, one row per token given, in host
  // memory. All tokens but the first call's come one at a time.
  virtual Result<engine::Value> feed(std::span<const int32_t> tokens) = 0;
};

}  // namespace escuta::generate
