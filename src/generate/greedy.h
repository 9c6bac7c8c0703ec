// Greedy search: the most probable token that the rules allow, until the end token.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "generate/logit_rules.h"
#include "generate/step_decoder.h"

namespace escuta::generate {

// A token whose probability after `position` of the prompt is wanted as well (Whisper's "no
// speech" after <|startoftranscript|>), taken before any rule.
struct Probe {
  size_t position = 0;
  int32_t token = 0;
};

struct GreedyOptions {
  int32_t end_token = 0;
  size_t max_new_tokens = 0;
  std::optional<Probe> probe;
  std::function<bool()> cancelled;  // asked before every step; may be empty
};

struct Generation {
  std::vector<int32_t> tokens;   // without the prompt and the end token
  double sum_log_prob = 0;       // of tokens and, when it was reached, the end token
  bool ended = false;            // by the end token, not by max_new_tokens
  double probe_probability = 0;  // of the Probe, when there was one
};

// Cancelled when `cancelled` says so. `prompt` is not empty.
Result<Generation> greedy_search(StepDecoder& decoder, std::span<const int32_t> prompt,
                                 const LogitRules& rules, const GreedyOptions& options);

}  // namespace escuta::generate
