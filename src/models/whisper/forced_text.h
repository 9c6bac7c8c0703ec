// A text that is given to the decoder as a whole, instead of being searched for: how probable each
// token is, and where in the sound the decoder looks for it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/session.h"
#include "models/whisper/config.h"
#include "models/whisper/time_warping.h"
#include "passes/expose_attention.h"

namespace escuta::whisper {

struct ForcedText {
  engine::Value logits;       // [1, positions, V] f32 on the host
  std::vector<Matrix> heads;  // per alignment head [T, encoder positions]: rows sum to 1
};

// The layers that have alignment heads, in the order of the heads.
std::vector<int64_t> aligned_layers(const Config& config);

// Whether the graph gives the attention weights of all alignment heads.
bool gives_attention(const engine::Session& session, const Config& config);

// What a decoder must be given to do so where its export has no attention outputs.
std::vector<passes::AttentionTap> attention_taps(const Config& config);

// One run over `tokens`, without anything before them. encoder_states [1, max_source_positions, D];
// `decoder` gives_attention(). InvalidArgument for more tokens than the decoder holds.
Result<ForcedText> force_text(const engine::Session& decoder, const Config& config,
                              const engine::Value& encoder_states, std::span<const int32_t> tokens,
                              std::span<const int64_t> positions);

}  // namespace escuta::whisper
