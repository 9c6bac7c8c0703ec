// Slaney's mel filter bank, as librosa.filters.mel makes it (htk=False, norm="slaney").
#pragma once

#include <vector>

namespace escuta::audio {

// Filter m weighs the FFT bins begin[m]..end[m]-1 by the next end[m]-begin[m] weights. A filter
// that no bin falls into is empty.
struct MelFilters {
  std::vector<int> begin, end;  // [n_mels]
  std::vector<double> weight;   // rounded to f32, as librosa's and openai/whisper's tables are
};

// From 0 Hz to rate_hz / 2. M. Slaney, Auditory Toolbox, 1998: linear below 1 kHz, logarithmic
// above; triangles of unit area.
MelFilters make_mel_filters(int rate_hz, int n_fft, int n_mels);

}  // namespace escuta::audio
