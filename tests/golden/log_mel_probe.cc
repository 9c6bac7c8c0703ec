// Whisper's features of raw samples, for comparison with another implementation.
//
// log_mel_probe N_MELS PAD_SAMPLES < f32 samples at 16 kHz > f32 features [N_MELS, T]
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "audio/log_mel.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s N_MELS PAD_SAMPLES < samples > features\n", argv[0]);
    return 2;
  }
  std::vector<float> samples, block(1 << 16);
  while (const size_t count = std::fread(block.data(), sizeof(float), block.size(), stdin)) {
    samples.insert(samples.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(count));
  }
  auto features = escuta::audio::log_mel_spectrogram(samples, {.n_mels = std::atoi(argv[1])},
                                                     std::atoll(argv[2]));
  if (!features.ok()) {
    std::fprintf(stderr, "%s\n", features.status().to_string().c_str());
    return 1;
  }
  const auto bytes = features->bytes();
  return std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() ? 0 : 1;
}
