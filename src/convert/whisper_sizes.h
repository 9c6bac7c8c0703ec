// The sizes of a Whisper checkpoint, tiny to large: all taken from its variables, none assumed.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "convert/ctranslate2.h"

namespace escuta::convert {

struct WhisperSizes {
  int64_t d_model = 0;
  int64_t n_mels = 0;
  int64_t vocab = 0;
  int64_t source_positions = 0;  // 1500: encoder positions of a window
  int64_t target_positions = 0;  // 448: tokens that the decoder can hold
  int64_t encoder_layers = 0, decoder_layers = 0;
  int64_t encoder_heads = 0, decoder_heads = 0;
  int64_t encoder_ffn = 0, decoder_ffn = 0;
  bool own_projection = false;  // a projection to the vocabulary that is not the embedding

  // The first convolution keeps the frame rate, the second halves it.
  int64_t mel_frames() const { return 2 * source_positions; }
};

// Takes every size from the variables. InvalidArgument for another specification than WhisperSpec
// and for sizes that contradict each other; NotFound names a variable that is missing.
Result<WhisperSizes> read_sizes(const Ct2File& file);

}  // namespace escuta::convert
