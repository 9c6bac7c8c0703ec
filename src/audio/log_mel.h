// Whisper's log-mel features, streamed or of a whole signal, as openai/whisper computes them.
//
// openai/whisper, whisper/audio.py, log_mel_spectrogram: periodic Hann window, STFT centred with
// reflect padding (torch.stft), power, Slaney mel filters (librosa.filters.mel), log10 with a floor
// of 1e-10. We compute in f64 where they use f32, so that quiet bins keep their digits. Frames are
// the same, bit for bit, however the samples were split over push().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"

namespace escuta::audio {

struct LogMelConfig {
  int rate_hz = 16000;
  int n_fft = 400;       // even; n_fft / 2 a product of 2, 3 and 5; at most 8192
  int hop_length = 160;  // 1..n_fft / 2
  int n_mels = 80;       // 1..1024
};

// One signal, one thread at a time. Frame t is centred at sample t * hop_length.
class LogMelExtractor {
 public:
  // InvalidArgument for a configuration outside the limits above.
  static Result<LogMelExtractor> create(const LogMelConfig& config);
  LogMelExtractor(LogMelExtractor&&) noexcept;
  LogMelExtractor& operator=(LogMelExtractor&&) noexcept;
  ~LogMelExtractor();

  const LogMelConfig& config() const;

  // samples [S] f32 mono at rate_hz. Appends every frame that they complete to
  // frames [T, n_mels] f32, log10(max(power, 1e-10)).
  void push(std::span<const float> samples, std::vector<float>& frames);

  // The end of the audio: appends pad_samples zeros, then the reflection that torch.stft would
  // see, and emits the remaining frames: (S + pad_samples) / hop_length in all (openai/whisper
  // drops the last of torch's frames). The extractor is then as after create().
  void finish(int64_t pad_samples, std::vector<float>& frames);

 private:
  class Impl;
  explicit LogMelExtractor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// samples [S] f32 -> [n_mels, T] f32, normalised as openai/whisper does: T is
// (S + pad_samples) / hop_length. InvalidArgument where torch.stft refuses to reflect: the padded
// signal must be longer than n_fft / 2, and hold one frame.
Result<Tensor> log_mel_spectrogram(std::span<const float> samples, const LogMelConfig& config,
                                   int64_t pad_samples);

// frames [T, n_mels] f32 log10 power -> dst [n_mels, T] f32: max(x, max_log10 - 8), then
// (x + 4) / 4. dst has as many elements as frames.
void normalise_log_mel(std::span<const float> frames, int n_mels, float max_log10,
                       std::span<float> dst);

}  // namespace escuta::audio
