#include "audio/mel_filters.h"

#include <algorithm>
#include <cmath>

namespace escuta::audio {
namespace {

constexpr double kHzPerMel = 200.0 / 3;  // below 1 kHz
constexpr double kBreakHz = 1000;
constexpr double kBreakMel = kBreakHz / kHzPerMel;

double log_step() { return std::log(6.4) / 27; }  // above 1 kHz, per mel

double hz_to_mel(double hz) {
  return hz < kBreakHz ? hz / kHzPerMel : kBreakMel + std::log(hz / kBreakHz) / log_step();
}

double mel_to_hz(double mel) {
  return mel < kBreakMel ? mel * kHzPerMel : kBreakHz * std::exp(log_step() * (mel - kBreakMel));
}

}  // namespace

MelFilters make_mel_filters(int rate_hz, int n_fft, int n_mels) {
  const double top_mel = hz_to_mel(rate_hz / 2.0);
  std::vector<double> edges_hz(static_cast<size_t>(n_mels) + 2);
  for (size_t i = 0; i < edges_hz.size(); ++i) {
    edges_hz[i] = mel_to_hz(top_mel * static_cast<double>(i) / (n_mels + 1));
  }
  MelFilters filters;
  for (size_t m = 0; m < static_cast<size_t>(n_mels); ++m) {
    const double low = edges_hz[m], centre = edges_hz[m + 1], high = edges_hz[m + 2];
    int begin = 0, end = 0;
    for (int bin = 0; bin <= n_fft / 2; ++bin) {
      const double hz = static_cast<double>(rate_hz) * bin / n_fft;
      const double slope = std::min((hz - low) / (centre - low), (high - hz) / (high - centre));
      if (slope <= 0) continue;
      if (end == 0) begin = bin;
      end = bin + 1;
      const double unit_area = 2 / (high - low);
      filters.weight.push_back(static_cast<float>(static_cast<float>(slope) * unit_area));
    }
    filters.begin.push_back(begin);
    filters.end.push_back(end);
  }
  return filters;
}

}  // namespace escuta::audio
