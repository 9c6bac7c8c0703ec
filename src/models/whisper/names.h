// Names of graph inputs and outputs in Hugging Face's Whisper exports (optimum's OnnxConfig).
#pragma once

#include <string>

#include <fmt/core.h>

namespace escuta::whisper::names {

inline constexpr char kFeatures[] = "input_features";
inline constexpr char kEncoderOutput[] = "last_hidden_state";
inline constexpr char kInputIds[] = "input_ids";
inline constexpr char kEncoderStates[] = "encoder_hidden_states";
inline constexpr char kUseCache[] = "use_cache_branch";
inline constexpr char kLogits[] = "logits";
// int64 [n], where a graph has it: the positions of which logits are wanted.
inline constexpr char kLogitPositions[] = "logit_positions";

// "past_key_values.3.decoder.key", "present.3.encoder.value", ...
inline std::string past(int64_t layer, const char* side, const char* what) {
  return fmt::format("past_key_values.{}.{}.{}", layer, side, what);
}
inline std::string present(int64_t layer, const char* side, const char* what) {
  return fmt::format("present.{}.{}.{}", layer, side, what);
}

}  // namespace escuta::whisper::names
