#include "pipeline/feature_source.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/files.h"
#include "base/temporary_folder.h"
#include "models/silero/speech_map.h"

namespace escuta::pipeline {
namespace {

constexpr int kRate = 16000;

// A 16-bit mono WAV file of `samples` (-1..1).
std::string wav(const std::vector<float>& samples) {
  const auto number = [](uint32_t value, int bytes) {
    return std::string(reinterpret_cast<const char*>(&value), static_cast<size_t>(bytes));
  };
  const auto size = static_cast<uint32_t>(samples.size() * 2);
  std::string out = "RIFF" + number(36 + size, 4) + "WAVEfmt " + number(16, 4) + number(1, 2) +
                    number(1, 2) + number(kRate, 4) + number(kRate * 2, 4) + number(2, 2) +
                    number(16, 2) + "data" + number(size, 4);
  for (const float sample : samples) {
    out += number(static_cast<uint16_t>(static_cast<int16_t>(std::lround(sample * 32767))), 2);
  }
  return out;
}

// A tone that grows over the first `loud_s` seconds, then nothing for `quiet_s`.
std::vector<float> tone(double loud_s, double quiet_s) {
  std::vector<float> samples(static_cast<size_t>((loud_s + quiet_s) * kRate), 0.0f);
  const auto loud = static_cast<size_t>(loud_s * kRate);
  for (size_t i = 0; i < loud; ++i) {
    const double level = 0.1 + 0.8 * static_cast<double>(i) / static_cast<double>(loud);
    samples[i] = static_cast<float>(level * std::sin(0.3 * static_cast<double>(i)));
  }
  return samples;
}

class FeatureSourceTest : public ::testing::Test {
 protected:
  std::filesystem::path put(const std::vector<float>& samples) {
    const auto path = folder_ / "a.wav";
    EXPECT_TRUE(write_file(path, wav(samples)).ok());
    return path;
  }
  const TemporaryFolder temporary_;
  const std::filesystem::path& folder_ = temporary_.path();
};

// Kept parts are heard as if nothing else were in the file, read once or twice.
TEST_F(FeatureSourceTest, KeepsPartsAlone) {
  const auto path = put(tone(4, 2));
  for (const int64_t buffered : {60'000, 100}) {
    size_t heard = 0;
    auto all = FeatureSource::open(path, {.buffered_frames = buffered});
    auto source = FeatureSource::open(
        path, {.buffered_frames = buffered, .on_samples = [&](std::span<const float> samples) {
                 heard += samples.size();
                 return Status();
               }});
    ASSERT_TRUE(all.ok() && source.ok());
    EXPECT_EQ(heard, size_t{6 * kRate});
    const std::vector<silero::Speech> parts = {{50, 80}, {200, 300}, {350, 500}};
    const auto map = silero::SpeechMap::create(parts);
    source->keep(parts);
    EXPECT_EQ(source->frames(), 280);
    EXPECT_NEAR(static_cast<double>(source->audible_frames()), 30 + 100 + 50, 3);
    const auto whole = all->window(0, 600), first = source->window(0, 100);
    const auto second = source->window(100, 180);
    ASSERT_TRUE(whole.ok() && first.ok() && second.ok());
    for (int64_t bin = 0; bin < 80; ++bin) {
      const auto at = [&](const Tensor& mel, int64_t frame) {
        return mel.view().as<float>()[static_cast<size_t>(bin * 3000 + frame)];
      };
      for (int64_t frame = 0; frame < 280; ++frame) {
        const float found = frame < 100 ? at(*first, frame) : at(*second, frame - 100);
        ASSERT_EQ(found, at(*whole, map->file_begin(frame))) << bin << " " << frame;
      }
      EXPECT_EQ(at(*second, 180), 0);
    }
  }
}

TEST_F(FeatureSourceTest, KeepsNothing) {
  auto source = FeatureSource::open(put(tone(2, 1)), {});
  ASSERT_TRUE(source.ok());
  source->keep({});
  EXPECT_EQ(source->frames(), 0);
  EXPECT_EQ(source->audible_frames(), 0);
}

TEST_F(FeatureSourceTest, KnowsWhereSoundEnds) {
  const auto source = FeatureSource::open(put(tone(2, 3)), {});
  ASSERT_TRUE(source.ok()) << source.status().message();
  EXPECT_DOUBLE_EQ(source->duration_s(), 5);
  EXPECT_EQ(source->frames(), 500);
  EXPECT_NEAR(static_cast<double>(source->audible_frames()), 200, 3);
}

TEST_F(FeatureSourceTest, DigitalSilenceIsNotAudible) {
  const auto source = FeatureSource::open(put(tone(0, 2)), {});
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(source->audible_frames(), 0);
}

TEST_F(FeatureSourceTest, ALongFileReadTwiceGivesTheSameWindows) {
  const auto path = put(tone(40, 1));
  auto kept = FeatureSource::open(path, {});
  auto reread = FeatureSource::open(path, {.mel = {}, .buffered_frames = 100, .cancelled = {}});
  ASSERT_TRUE(kept.ok() && reread.ok());
  for (const int64_t begin : {0, 7, 2500}) {
    const int64_t count = std::min<int64_t>(3000, kept->frames() - begin);
    Tensor a = kept->window(begin, count).value();
    Tensor b = reread->window(begin, count).value();
    ASSERT_EQ(a.bytes().size(), b.bytes().size());
    EXPECT_EQ(std::memcmp(a.bytes().data(), b.bytes().data(), a.bytes().size()), 0) << begin;
  }
}

TEST_F(FeatureSourceTest, WindowsAreWhatTheWholeSignalGivesAndPaddedWithZeros) {
  std::vector<float> samples = tone(3, 0);
  auto source = FeatureSource::open(put(samples), {});
  ASSERT_TRUE(source.ok());
  for (float& sample : samples) sample = std::round(sample * 32767) / 32768;  // as the file has it
  Tensor window = source->window(100, 200).value();
  EXPECT_EQ(window.shape(), (Shape{1, 80, 3000}));
  Tensor whole = audio::log_mel_spectrogram(samples, {}, 30 * kRate).value();
  const int64_t frames = whole.shape()[1];
  for (int64_t bin = 0; bin < 80; ++bin) {
    for (int64_t t = 0; t < 200; ++t) {
      ASSERT_NEAR(window.as<float>()[static_cast<size_t>(bin * 3000 + t)],
                  whole.as<float>()[static_cast<size_t>(bin * frames + 100 + t)], 1e-3);
    }
    EXPECT_EQ(window.as<float>()[static_cast<size_t>(bin * 3000 + 200)], 0.0f);
  }
}

TEST_F(FeatureSourceTest, FindsTheQuietestMoment) {
  std::vector<float> samples = tone(40, 0);
  const auto quiet = [&](double from_s, double to_s, float level) {
    for (auto i = static_cast<size_t>(from_s * kRate); i < static_cast<size_t>(to_s * kRate); ++i) {
      samples[i] *= level;
    }
  };
  quiet(21, 21.1, 0);       // too short a pause
  quiet(24, 24.6, 0.001f);  // the one to be found
  quiet(27, 27.6, 0.1f);    // not as quiet
  quiet(31, 32, 0);         // outside
  const auto path = put(samples);
  auto kept = FeatureSource::open(path, {});
  auto reread = FeatureSource::open(path, {.mel = {}, .buffered_frames = 100, .cancelled = {}});
  ASSERT_TRUE(kept.ok() && reread.ok());
  const int64_t found = kept->quietest(2000, 3000).value();
  EXPECT_NEAR(static_cast<double>(found), 2430, 18);
  EXPECT_EQ(reread->quietest(2000, 3000).value(), found);
  EXPECT_TRUE(kept->window(0, found).ok());
  EXPECT_NEAR(static_cast<double>(kept->quietest(3990, 4000).value()), 3995, 5);
}

TEST_F(FeatureSourceTest, CanBeCancelled) {
  const auto source =
      FeatureSource::open(put(tone(1, 0)), {.mel = {}, .cancelled = [] { return true; }});
  EXPECT_EQ(source.status().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace escuta::pipeline
