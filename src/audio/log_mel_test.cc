#include "audio/log_mel.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <random>

#include "audio/source.h"
#include "audio/test_wav.h"

namespace escuta::audio {
namespace {

// The definition, in f64 and as slow as it reads: openai/whisper's log_mel_spectrogram with
// torch.stft's reflect padding, a plain DFT, and librosa's dense filter matrix.
std::vector<double> reference_mel_matrix(int rate_hz, int n_fft, int n_mels) {
  const auto to_mel = [](double hz) {
    return hz < 1000 ? hz * 3 / 200 : 15 + 27 * std::log(hz / 1000) / std::log(6.4);
  };
  const auto to_hz = [](double mel) {
    return mel < 15 ? mel * 200 / 3 : 1000 * std::pow(6.4, (mel - 15) / 27);
  };
  const int bins = n_fft / 2 + 1;
  std::vector<double> matrix(static_cast<size_t>(n_mels * bins));
  for (int m = 0; m < n_mels; ++m) {
    const double step = to_mel(rate_hz / 2.0) / (n_mels + 1);
    const double low = to_hz(step * m), mid = to_hz(step * (m + 1)), high = to_hz(step * (m + 2));
    for (int k = 0; k < bins; ++k) {
      const double hz = 1.0 * rate_hz * k / n_fft;
      const double height = hz <= mid ? (hz - low) / (mid - low) : (high - hz) / (high - mid);
      matrix[static_cast<size_t>(m * bins + k)] = std::max(0.0, height) * 2 / (high - low);
    }
  }
  return matrix;
}

// -> [T, n_mels], log10, not normalised.
std::vector<double> reference_log_mel(std::vector<float> signal, const LogMelConfig& config,
                                      int64_t pad_samples) {
  signal.resize(signal.size() + static_cast<size_t>(pad_samples));
  const int n = config.n_fft, bins = n / 2 + 1;
  const auto count = static_cast<int64_t>(signal.size());
  const auto matrix = reference_mel_matrix(config.rate_hz, n, config.n_mels);
  std::vector<double> cosine(static_cast<size_t>(n)), sine(cosine);
  for (int i = 0; i < n; ++i) {
    cosine[static_cast<size_t>(i)] = std::cos(2 * std::numbers::pi * i / n);
    sine[static_cast<size_t>(i)] = std::sin(2 * std::numbers::pi * i / n);
  }
  std::vector<double> result, frame(static_cast<size_t>(n)), power(static_cast<size_t>(bins));
  for (int64_t t = 0; t < count / config.hop_length; ++t) {
    for (int i = 0; i < n; ++i) {
      int64_t at = t * config.hop_length + i - n / 2;
      if (at < 0) at = -at;
      if (at >= count) at = 2 * (count - 1) - at;
      frame[static_cast<size_t>(i)] =
          signal[static_cast<size_t>(at)] * (0.5 - 0.5 * cosine[static_cast<size_t>(i)]);
    }
    for (int k = 0; k < bins; ++k) {
      double re = 0, im = 0;
      for (int i = 0, phase = 0; i < n; ++i, phase = (phase + k) % n) {
        re += frame[static_cast<size_t>(i)] * cosine[static_cast<size_t>(phase)];
        im -= frame[static_cast<size_t>(i)] * sine[static_cast<size_t>(phase)];
      }
      power[static_cast<size_t>(k)] = re * re + im * im;
    }
    for (int m = 0; m < config.n_mels; ++m) {
      double sum = 0;
      for (int k = 0; k < bins; ++k) {
        sum += matrix[static_cast<size_t>(m * bins + k)] * power[static_cast<size_t>(k)];
      }
      result.push_back(std::log10(std::max(sum, 1e-10)));
    }
  }
  return result;
}

// Largest difference of features [n_mels, T] from the normalised reference [T, n_mels].
double max_difference(const Tensor& features, const std::vector<double>& reference) {
  const int64_t mels = features.shape()[0], frames = features.shape()[1];
  EXPECT_EQ(static_cast<size_t>(mels * frames), reference.size());
  if (static_cast<size_t>(mels * frames) != reference.size()) return 1e9;
  const double floor = *std::max_element(reference.begin(), reference.end()) - 8;
  const auto values = features.view().as<float>();
  double worst = 0;
  for (int64_t t = 0; t < frames; ++t) {
    for (int64_t m = 0; m < mels; ++m) {
      const double expected =
          (std::max(reference[static_cast<size_t>(t * mels + m)], floor) + 4) / 4;
      worst = std::max(worst, std::fabs(values[static_cast<size_t>(m * frames + t)] - expected));
    }
  }
  return worst;
}

// samples/jfk.wav, said again and again.
std::vector<float> speech(size_t count) {
  auto source = AudioSource::open(std::filesystem::path(ESCUTA_SOURCE_DIR) / "samples/jfk.wav", {});
  EXPECT_TRUE(source.ok()) << source.status().to_string();
  if (!source.ok()) return {};
  auto once = read_all(**source);
  EXPECT_TRUE(once.ok());
  if (!once.ok()) return {};
  std::vector<float> samples;
  while (samples.size() < count) samples.insert(samples.end(), once->begin(), once->end());
  samples.resize(count);
  return samples;
}

std::vector<float> noise(size_t count) {
  std::mt19937 random(7);
  std::normal_distribution<float> distribution(0, 0.1f);
  std::vector<float> samples(count);
  for (float& sample : samples) sample = distribution(random);
  return samples;
}

TEST(LogMel, ThirtySecondsOfSpeechMatchTheDefinition) {
  const std::vector<float> samples = speech(480000);
  for (const int n_mels : {80, 128}) {
    const LogMelConfig config = {.n_mels = n_mels};
    auto features = log_mel_spectrogram(samples, config, 0);
    ASSERT_TRUE(features.ok()) << features.status().to_string();
    EXPECT_EQ(features->shape(), (Shape{n_mels, 3000}));
    const double worst = max_difference(*features, reference_log_mel(samples, config, 0));
    EXPECT_LT(worst, 1e-5) << n_mels;  // the limit is 1e-4
    RecordProperty("max_abs_difference_" + std::to_string(n_mels), std::to_string(worst));
  }
}

TEST(LogMel, OddSizesMatchTheDefinition) {
  struct Case {
    size_t samples;
    int64_t pad;
    LogMelConfig config;
  };
  for (const Case& c :
       {Case{201, 0, {}}, Case{1, 400, {}}, Case{0, 320, {}}, Case{4799, 0, {}},
        Case{4801, 123, {.n_mels = 128}}, Case{5000, 0, {.n_fft = 512, .hop_length = 256}},
        Case{5000, 7, {.rate_hz = 32000, .n_fft = 1024, .hop_length = 320, .n_mels = 64}},
        Case{5000, 0, {.rate_hz = 8000, .n_fft = 360, .hop_length = 1, .n_mels = 23}},
        Case{900, 0, {.n_fft = 6, .hop_length = 3, .n_mels = 2}}}) {
    const std::vector<float> samples = noise(c.samples);
    auto features = log_mel_spectrogram(samples, c.config, c.pad);
    ASSERT_TRUE(features.ok()) << features.status().to_string();
    EXPECT_LT(max_difference(*features, reference_log_mel(samples, c.config, c.pad)), 1e-5)
        << c.samples << " samples, n_fft " << c.config.n_fft;
  }
}

TEST(LogMel, StreamedEqualsOffline) {
  const std::vector<float> samples = noise(50000);
  auto extractor = LogMelExtractor::create({});
  ASSERT_TRUE(extractor.ok());
  std::vector<float> offline;
  extractor->push(samples, offline);
  extractor->finish(16000, offline);
  ASSERT_EQ(offline.size(), 66000u / 160 * 80);
  for (const size_t block : {1u, 159u, 160u, 161u, 4000u, 20000u}) {
    std::vector<float> streamed;
    for (size_t at = 0; at < samples.size(); at += block) {
      const size_t before = streamed.size();
      extractor->push(std::span(samples).subspan(at, std::min(block, samples.size() - at)),
                      streamed);
      // A frame comes as soon as its last sample is there.
      const size_t pushed = std::min(at + block, samples.size());
      EXPECT_EQ(streamed.size() / 80, pushed > 200 ? (pushed - 200) / 160 + 1 : 0) << before;
    }
    extractor->finish(16000, streamed);
    EXPECT_EQ(streamed, offline) << block;  // bit for bit
  }
}

TEST(LogMel, ShortSignals) {
  EXPECT_EQ(log_mel_spectrogram({}, {}, 0).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(log_mel_spectrogram(noise(200), {}, 0).status().code(), StatusCode::kInvalidArgument);
  auto extractor = LogMelExtractor::create({});
  ASSERT_TRUE(extractor.ok());
  std::vector<float> frames;
  extractor->finish(0, frames);
  EXPECT_TRUE(frames.empty());
  extractor->push(noise(159), frames);
  extractor->finish(0, frames);
  EXPECT_TRUE(frames.empty());
  // torch.stft refuses these; numpy's reflection goes to and fro.
  extractor->push(noise(170), frames);
  extractor->finish(0, frames);
  EXPECT_EQ(frames.size(), 80u);
  EXPECT_TRUE(std::all_of(frames.begin(), frames.end(), [](float x) { return std::isfinite(x); }));
}

TEST(LogMel, SilenceIsTheFloor) {
  std::vector<float> frames;
  auto extractor = LogMelExtractor::create({});
  ASSERT_TRUE(extractor.ok());
  extractor->finish(1600, frames);
  ASSERT_EQ(frames.size(), 800u);
  for (const float value : frames) EXPECT_FLOAT_EQ(value, -10);
}

TEST(LogMel, RefusesConfigurationsOutOfBounds) {
  for (const LogMelConfig& config :
       {LogMelConfig{.rate_hz = 0}, LogMelConfig{.n_fft = 0}, LogMelConfig{.n_fft = 401},
        LogMelConfig{.n_fft = 14}, LogMelConfig{.n_fft = 16384}, LogMelConfig{.n_fft = -400},
        LogMelConfig{.hop_length = 0}, LogMelConfig{.hop_length = 201}, LogMelConfig{.n_mels = 0},
        LogMelConfig{.n_mels = 1 << 30}}) {
    auto extractor = LogMelExtractor::create(config);
    ASSERT_FALSE(extractor.ok());
    EXPECT_EQ(extractor.status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(LogMel, NormaliseClampsAndTransposes) {
  const std::vector<float> frames = {-10, 0, 4, -5, -3, 2};  // [3, 2]
  std::vector<float> dst(6);
  normalise_log_mel(frames, 2, 4, dst);
  EXPECT_THAT(dst, testing::ElementsAre(0, 2, 0.25f, 1, 0, 1.5f));
}

}  // namespace
}  // namespace escuta::audio
