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

// The weights of a decoder layer's attention to the encoder [rows, heads, n, positions]: exports
// made with attention outputs give all heads, other graphs those named by an input that is put in
// (passes::expose_attention), int64 [h].
inline std::string cross_attention(int64_t layer) {
  return fmt::format("cross_attentions.{}", layer);
}
inline std::string wanted_heads(int64_t layer) {
  return fmt::format("cross_attentions.{}.heads", layer);
}

// "past_key_values.3.decoder.key", "present.3.encoder.value", ...
inline std::string past(int64_t layer, const char* side, const char* what) {
  return fmt::format("past_key_values.{}.{}.{}", layer, side, what);
}
inline std::string present(int64_t layer, const char* side, const char* what) {
  return fmt::format("present.{}.{}.{}", layer, side, what);
}

}  // namespace escuta::whisper::names
