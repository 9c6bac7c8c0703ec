// Where speech is, one thread. The counter x_realtime is seconds of sound per second of work.
// ESCUTA_VAD_SOUND names a recording instead of 30 s of noise, ESCUTA_VAD_MODEL another model file;
// ESCUTA_ISA chooses the kernels.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <random>
#include <vector>

#include "audio/source.h"
#include "models/silero/speech_detector.h"
#include "registry/registry.h"

namespace escuta {
namespace {

constexpr size_t kSamples = 30 * 16000;

// A recording, or noise: the network takes the same time for every sound.
std::vector<float> make_sound() {
  if (const char* path = std::getenv("ESCUTA_VAD_SOUND")) {
    auto source = audio::AudioSource::open(path, {});
    std::vector<float> sound, block(kSamples);
    for (size_t count = 1; source.ok() && count > 0;) {
      count = source.value()->read(block).value();
      sound.insert(sound.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(count));
    }
    return sound;
  }
  std::mt19937 random(1);
  std::normal_distribution<float> distribution(0, 0.1f);
  std::vector<float> samples(kSamples);
  for (float& sample : samples) sample = distribution(random);
  return samples;
}

Result<silero::SpeechDetector> make_detector(const engine::Registry& registry) {
  const char* model = std::getenv("ESCUTA_VAD_MODEL");
  if (model == nullptr) return silero::SpeechDetector::create(registry, {});
  return silero::SpeechDetector::create(registry, std::filesystem::path(model), {});
}

void detect_speech(benchmark::State& state) {
  engine::Registry registry;
  const Status filled = add_all_providers(registry, {});
  auto detector = make_detector(registry);
  if (!filled.ok() || !detector.ok()) {
    return state.SkipWithError(detector.status().to_string().c_str());
  }
  const std::vector<float> samples = make_sound();
  for (auto _ : state) {
    const Status status = detector->push(samples);
    auto spans = detector->finish();
    if (!status.ok() || !spans.ok()) return state.SkipWithError(status.to_string().c_str());
    benchmark::DoNotOptimize(spans->data());
  }
  state.counters["x_realtime"] = benchmark::Counter(
      static_cast<double>(samples.size()) / 16000 * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate);
}
BENCHMARK(detect_speech)->Unit(benchmark::kMillisecond);

// What one process pays before the first sample.
void load_model(benchmark::State& state) {
  engine::Registry registry;
  const Status filled = add_all_providers(registry, {});
  for (auto _ : state) {
    auto detector = make_detector(registry);
    if (!filled.ok() || !detector.ok()) {
      return state.SkipWithError(detector.status().to_string().c_str());
    }
    benchmark::DoNotOptimize(&detector);
  }
}
BENCHMARK(load_model)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace escuta
