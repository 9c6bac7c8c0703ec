// What a Whisper model folder says about the model: every size comes from here, none is assumed.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audio/log_mel.h"
#include "base/status.h"

namespace escuta::whisper {

struct AttentionHead {
  int64_t layer = 0;
  int64_t head = 0;
  friend auto operator<=>(const AttentionHead&, const AttentionHead&) = default;
};

struct Config {
  // config.json
  int64_t d_model = 0;
  int64_t encoder_layers = 0;
  int64_t decoder_layers = 0;
  int64_t decoder_heads = 0;
  int64_t vocab_size = 0;
  int64_t max_source_positions = 0;  // encoder frames of one window
  int64_t max_target_positions = 0;  // tokens that the decoder can hold

  // preprocessor_config.json
  audio::LogMelConfig mel;

  // generation_config.json
  std::vector<int32_t> suppress_tokens;
  std::vector<int32_t> begin_suppress_tokens;
  std::optional<bool> is_multilingual;
  std::optional<int64_t> max_initial_timestamp_index;
  // The heads of the decoder's attention to the encoder that follow what is said, in ascending
  // order. Where the file has none: all heads of the upper half of the layers (openai/whisper).
  std::vector<AttentionHead> alignment_heads;

  // The encoder's convolutions halve the frame rate (openai/whisper, model.py).
  static constexpr int64_t kMelFramesPerPosition = 2;
  int64_t window_frames() const { return max_source_positions * kMelFramesPerPosition; }
  double seconds_per_frame() const {
    return static_cast<double>(mel.hop_length) / static_cast<double>(mel.rate_hz);
  }
  double seconds_per_position() const {
    return seconds_per_frame() * static_cast<double>(kMelFramesPerPosition);
  }
  int64_t head_size() const { return d_model / decoder_heads; }
};

// Reads config.json, and preprocessor_config.json and generation_config.json where they exist
// (without them: what openai/whisper uses). NotFound, InvalidArgument: the message names the file
// and the key.
Result<Config> read_config(const std::filesystem::path& folder);

}  // namespace escuta::whisper
