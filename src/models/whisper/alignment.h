// When each token of a window's text is said.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "models/whisper/model.h"
#include "models/whisper/time_warping.h"
#include "models/whisper/vocabulary.h"

namespace escuta::whisper {

struct TokenTimes {
  // Seconds from the window's begin, ascending: where each token begins, and where the last ends.
  std::vector<double> begins_s;
  std::vector<double> probabilities;  // of each token after those before it, among tokens of text
};

// Tokens of text, without timestamps. `frames` of the window are sound, the rest is padding. The
// model was loaded to align (LoadOptions::align). openai/whisper, timing.py: the weights of the
// alignment heads over the sound, each moment normalised over the tokens, smoothed along time,
// averaged over the heads, and warped.
Result<TokenTimes> align_tokens(const Model& model, const Vocabulary& vocabulary,
                                const engine::Value& encoder_states, std::string_view language,
                                Task task, std::span<const int32_t> tokens, int64_t frames);

// The first `columns` of the heads' weights [T, S] as one matrix [T, columns] of how much each
// token stands out at each moment. Uses `heads` up.
Matrix salience(std::span<Matrix> heads, size_t columns);

}  // namespace escuta::whisper
