// Log-mel features of 30 s of audio, one thread. The counter x_realtime is seconds of audio per
// second of work. ESCUTA_ISA chooses the kernels.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "audio/log_mel.h"

namespace escuta {
namespace {

constexpr size_t kSamples = 30 * 16000;

std::vector<float> noise() {
  std::mt19937 random(1);
  std::normal_distribution<float> distribution(0, 0.1f);
  std::vector<float> samples(kSamples);
  for (float& sample : samples) sample = distribution(random);
  return samples;
}

void count_realtime(benchmark::State& state) {
  state.counters["x_realtime"] = benchmark::Counter(30.0 * static_cast<double>(state.iterations()),
                                                    benchmark::Counter::kIsRate);
}

// The whole signal at once, normalised: what a window of the encoder takes.
void log_mel_offline(benchmark::State& state) {
  const std::vector<float> samples = noise();
  const audio::LogMelConfig config = {.n_mels = static_cast<int>(state.range(0))};
  for (auto _ : state) {
    auto features = audio::log_mel_spectrogram(samples, config, 0);
    benchmark::DoNotOptimize(features.value().bytes().data());
  }
  count_realtime(state);
}
BENCHMARK(log_mel_offline)->Arg(80)->Arg(128)->Unit(benchmark::kMillisecond);

// In blocks of 100 ms, as from a microphone: 10 frames a block fill the lanes badly.
void log_mel_streamed(benchmark::State& state) {
  const std::vector<float> samples = noise();
  auto extractor = audio::LogMelExtractor::create({.n_mels = static_cast<int>(state.range(0))});
  std::vector<float> frames;
  for (auto _ : state) {
    frames.clear();
    for (size_t at = 0; at < samples.size(); at += 1600) {
      extractor.value().push(std::span(samples).subspan(at, 1600), frames);
    }
    extractor.value().finish(0, frames);
    benchmark::DoNotOptimize(frames.data());
  }
  count_realtime(state);
}
BENCHMARK(log_mel_streamed)->Arg(80)->Arg(128)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace escuta
