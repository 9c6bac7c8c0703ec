// The search for what a decoder says about several windows at once: greedy, beam search, or the
// best of several samples. The hypotheses of all windows are rows of one batch; a window that has
// ended leaves it. What is found for a window does not depend on the windows beside it.
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

struct SearchOptions {
  int32_t end_token = 0;
  size_t max_new_tokens = 0;

  double temperature = 0;  // over 0: tokens are drawn
  size_t beams = 1;        // hypotheses at temperature 0; 1: greedy search
  size_t samples = 1;      // hypotheses at temperatures over 0
  double patience = 1;     // beams end when round(beams * patience) hypotheses have ended
  std::optional<double> length_penalty;  // see rank() in hypotheses.h

  // A window whose hypotheses all go round in circles is given up; tokens from here on are not
  // text. nullopt: none is.
  std::optional<int32_t> loops_below;

  std::optional<Probe> probe;
  int threads = 0;                  // for the rules of several rows; 0: all there are
  std::function<bool()> cancelled;  // asked before every step; may be empty
};

struct SearchRow {
  std::span<const int32_t> prompt;  // not empty, of the same length in all rows
  uint64_t seed = 0;                // of the samples
  const LogitRule* rule = nullptr;  // before those of all rows; may be null
  // The first tokens that are said, whatever the rules; they cost no probability.
  std::span<const int32_t> prefix = {};
};

struct Generation {
  std::vector<int32_t> tokens;   // without the prompt and the end token
  double sum_log_prob = 0;       // of tokens and, when it was reached, the end token
  bool ended = false;            // by the end token, not by max_new_tokens
  bool looped = false;           // given up: it repeats itself
  double probe_probability = 0;  // of the Probe, when there was one
};

// One Generation per row, by a decoder at its beginning whose rows these are. Cancelled when
// `cancelled` says so; DataLoss for logits that are not numbers.
Result<std::vector<Generation>> search(StepDecoder& decoder, std::span<const SearchRow> rows,
                                       const LogitRules& rules, const SearchOptions& options);

}  // namespace escuta::generate
