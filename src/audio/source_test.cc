#include "audio/source.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <sstream>
#include <thread>

#include "audio/test_wav.h"

namespace escuta::audio {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = ESCUTA_SOURCE_DIR;
const fs::path kFixtures = kSource / "tests/data/audio";

std::vector<float> decode_file(const fs::path& path, size_t block = 1000) {
  auto source = AudioSource::open(path, {});
  EXPECT_TRUE(source.ok()) << source.status().to_string();
  if (!source.ok()) return {};
  auto samples = read_all(**source, block);
  EXPECT_TRUE(samples.ok()) << samples.status().to_string();
  EXPECT_EQ((*source)->damaged_packets(), 0);
  return samples.ok() ? *samples : std::vector<float>{};
}

std::vector<float> decode_bytes(const std::string& bytes, int rate_hz = 16000) {
  auto source = open_text(bytes, {.rate_hz = rate_hz});
  EXPECT_TRUE(source.ok()) << source.status().to_string();
  if (!source.ok()) return {};
  auto samples = read_all(**source);
  EXPECT_TRUE(samples.ok()) << samples.status().to_string();
  return samples.ok() ? *samples : std::vector<float>{};
}

// The stretch of samples/jfk.wav that the fixtures hold (tests/data/audio/README.md).
std::vector<float> original(size_t count) {
  const std::vector<float> all = decode_file(kSource / "samples/jfk.wav");
  EXPECT_EQ(all.size(), 176000u);
  return {all.begin() + 8000, all.begin() + 8000 + static_cast<ptrdiff_t>(count)};
}

// Normalised correlation of a with b moved by lag samples.
double correlation(const std::vector<float>& a, const std::vector<float>& b, int lag) {
  double ab = 0, aa = 0, bb = 0;
  for (int i = 100; i + 100 < static_cast<int>(a.size()); ++i) {
    const double x = a[static_cast<size_t>(i)], y = b[static_cast<size_t>(i + lag)];
    ab += x * y, aa += x * x, bb += y * y;
  }
  return ab / std::sqrt(aa * bb + 1e-30);
}

struct Fixture {
  const char* file;
  const char* container;
  const char* codec;
  int rate_hz;
  int channels;
  double similarity;  // of what the codec keeps at its low bit rate
};

void PrintTo(const Fixture& fixture, std::ostream* out) { *out << fixture.file; }

class FixtureTest : public testing::TestWithParam<Fixture> {};

TEST_P(FixtureTest, DecodesToTheSample) {
  const Fixture& fixture = GetParam();
  auto source = AudioSource::open(kFixtures / fixture.file, {});
  ASSERT_TRUE(source.ok()) << source.status().to_string();
  EXPECT_EQ((*source)->info().container, fixture.container);
  EXPECT_EQ((*source)->info().codec, fixture.codec);
  EXPECT_EQ((*source)->info().rate_hz, fixture.rate_hz);
  EXPECT_EQ((*source)->info().channels, fixture.channels);
  ASSERT_TRUE((*source)->info().duration_s.has_value());
  EXPECT_NEAR(*(*source)->info().duration_s, 0.6, 0.03);  // mp3's and opus's count the delay
  auto samples = read_all(**source);
  ASSERT_TRUE(samples.ok()) << samples.status().to_string();
  EXPECT_EQ((*source)->damaged_packets(), 0);

  const std::vector<float> expected = original(9600);
  ASSERT_EQ(samples->size(), expected.size());
  int best = -100;
  for (int lag = -99; lag < 100; ++lag) {
    if (best == -100 ||
        correlation(expected, *samples, lag) > correlation(expected, *samples, best)) {
      best = lag;
    }
  }
  EXPECT_EQ(best, 0);
  EXPECT_GT(correlation(expected, *samples, 0), fixture.similarity);
}

INSTANTIATE_TEST_SUITE_P(Containers, FixtureTest,
                         testing::Values(Fixture{"speech.mp3", "mp3", "mp3", 44100, 1, 0.98},
                                         Fixture{"speech.m4a", "mov", "aac", 44100, 1, 0.95},
                                         Fixture{"speech.ogg", "ogg", "vorbis", 44100, 1, 0.98},
                                         Fixture{"speech.opus", "ogg", "opus", 48000, 1, 0.9},
                                         Fixture{"speech.webm", "matroska", "opus", 48000, 1, 0.9},
                                         Fixture{"speech.flac", "flac", "flac", 22050, 1, 0.999},
                                         Fixture{"video.mp4", "mov", "aac", 48000, 1, 0.95},
                                         Fixture{"video.mkv", "matroska", "vorbis", 48000, 1,
                                                 0.98}),
                         [](const auto& fixture) {
                           std::string name = fixture.param.file;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(AudioSource, ReadsAiffInStereo) {
  const std::vector<float> samples = decode_file(kFixtures / "speech.aiff");
  const std::vector<float> expected = original(3200);
  ASSERT_EQ(samples.size(), expected.size());
  EXPECT_GT(correlation(expected, samples, 0), 0.999);
}

TEST(AudioSource, ReadsEverySampleFormatOfWav) {
  const std::vector<double> values = {0, 0.5, -0.5, 0.25, -1, 0.125};
  struct Case {
    int format, bits;
    double step;
  };
  for (const Case& c : {Case{1, 8, 0x1p-7}, Case{1, 16, 0x1p-15}, Case{1, 24, 0x1p-23},
                        Case{1, 32, 0x1p-31}, Case{3, 32, 0}, Case{3, 64, 0}}) {
    std::string data;
    for (const double value : values) {
      if (c.format == 3 && c.bits == 32) {
        data += raw_bytes(std::vector<float>{static_cast<float>(value)});
      } else if (c.format == 3) {
        data += raw_bytes(std::vector<double>{value});
      } else {
        auto level = static_cast<int64_t>(value / c.step);
        if (c.bits == 8) level += 128;
        append_le(&data, static_cast<uint64_t>(level), c.bits / 8);
      }
    }
    const auto samples = decode_bytes(make_wav({.format = c.format, .bits = c.bits}, data));
    ASSERT_EQ(samples.size(), values.size()) << c.format << " " << c.bits;
    for (size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(samples[i], static_cast<float>(values[i])) << c.format << " " << c.bits;
    }
  }
}

TEST(AudioSource, KeepsFloatSamplesBeyondOne) {
  EXPECT_THAT(decode_bytes(float_wav(16000, {2.5f, -3.0f})), testing::ElementsAre(2.5f, -3.0f));
}

TEST(AudioSource, MixesStereoToTheMean) {
  EXPECT_THAT(decode_bytes(float_wav(16000, {0.5f, 0.25f, -1, 1}, 2)),
              testing::ElementsAre(testing::FloatEq(0.375f), testing::FloatEq(0)));
}

TEST(AudioSource, MixesChannelsOfNoStatedLayoutToTheMean) {
  EXPECT_THAT(decode_bytes(float_wav(16000, {0, 0, 0.75f, 0.3f, 0, 0}, 3)),
              testing::ElementsAre(testing::FloatEq(0.25f), testing::FloatEq(0.1f)));
  std::vector<float> many(64, 0.0f);
  many[63] = 0.64f;
  EXPECT_THAT(decode_bytes(float_wav(16000, many, 64)),
              testing::ElementsAre(testing::FloatEq(0.01f)));
}

TEST(AudioSource, MixesSurroundByItsLayoutWithoutClipping) {
  // Centre 1, sides 0.7071, backs 0.5, LFE 0, divided by their sum.
  const double gain = (1 + 0.25 * 0.5) / (1 + 2 * std::numbers::sqrt2 / 2 + 2 * 0.5);
  const std::vector<float> samples = decode_file(kFixtures / "surround.flac");
  const std::vector<float> expected = original(4800);
  ASSERT_EQ(samples.size(), expected.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_NEAR(samples[i], expected[i] * gain, 2e-5) << i;
  }
}

TEST(AudioSource, ResampledLengthIsRounded) {
  for (const int rate : {100, 8000, 11025, 22050, 44100, 48000, 96000, 192000, 768000}) {
    for (const size_t count : {1u, 2u, 7u, 999u, 44100u}) {
      const auto samples = decode_bytes(float_wav(rate, std::vector<float>(count, 0.5f)));
      const double exact = static_cast<double>(count) * 16000 / rate;
      EXPECT_EQ(samples.size(), std::max<size_t>(1, static_cast<size_t>(std::floor(exact + 0.5))))
          << count << " samples at " << rate;
    }
  }
}

TEST(AudioSource, ResamplesWithoutDelay) {
  constexpr double kToneHz = 440;
  for (const int rate : {8000, 44100, 48000, 96000}) {
    std::vector<float> tone(static_cast<size_t>(rate));
    for (size_t i = 0; i < tone.size(); ++i) {
      tone[i] = static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * kToneHz * i / rate));
    }
    const auto samples = decode_bytes(float_wav(rate, tone));
    ASSERT_EQ(samples.size(), 16000u);
    for (size_t i = 500; i < 15500; ++i) {
      ASSERT_NEAR(samples[i], 0.5 * std::sin(2 * std::numbers::pi * kToneHz * i / 16000), 1e-4)
          << rate << " Hz, sample " << i;
    }
  }
}

TEST(AudioSource, BlockSizeDoesNotMatter) {
  const auto expected = decode_file(kFixtures / "speech.mp3", 1000);
  for (const size_t block : {1u, 17u, 4096u, 100000u}) {
    EXPECT_EQ(decode_file(kFixtures / "speech.mp3", block), expected) << block;
  }
}

TEST(AudioSource, FollowsAChangeOfRateAndChannels) {
  auto source = AudioSource::open(kFixtures / "rate_change.aac", {});
  ASSERT_TRUE(source.ok()) << source.status().to_string();
  EXPECT_EQ((*source)->info().rate_hz, 48000);
  EXPECT_EQ((*source)->info().channels, 1);
  auto samples = read_all(**source);
  ASSERT_TRUE(samples.ok()) << samples.status().to_string();
  // ADTS states no delay: 16 packets of 1024 at 48 kHz, 9 at 24 kHz.
  EXPECT_EQ(samples->size(), 5461u + 6144u);
}

TEST(AudioSource, ReadsAPipe) {
  const fs::path folder = fs::path(testing::TempDir()) / ("escuta_" + std::to_string(getpid()));
  fs::create_directories(folder);
  const fs::path pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::vector<float> values(50000, 0.25f);
  std::thread writer([&] { std::ofstream(pipe, std::ios::binary) << float_wav(16000, values); });
  const auto samples = decode_file(pipe);
  writer.join();
  fs::remove_all(folder);
  EXPECT_EQ(samples, values);
}

size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

// An hour at 48 kHz as a sparse file: 345 MB of which nothing may stay.
TEST(AudioSource, MemoryDoesNotGrowWithLength) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer keeps what is freed";
#endif
  const fs::path path =
      fs::path(testing::TempDir()) / ("escuta_long_" + std::to_string(getpid()) + ".wav");
  constexpr uint32_t kBytes = 3600u * 48000 * 2;
  std::ofstream(path, std::ios::binary)
      << make_wav({.rate_hz = 48000, .data_bytes = kBytes}, std::string());
  fs::resize_file(path, 44 + uint64_t{kBytes});
  auto source = AudioSource::open(path, {});
  ASSERT_TRUE(source.ok()) << source.status().to_string();
  EXPECT_DOUBLE_EQ((*source)->info().duration_s.value_or(0), 3600.0);
  std::vector<float> block(16000);
  size_t total = 0, after_first_minute = 0;
  for (;;) {
    auto count = (*source)->read(block);
    ASSERT_TRUE(count.ok()) << count.status().to_string();
    if (*count == 0) break;
    total += *count;
    if (total == 60u * 16000) after_first_minute = resident_bytes();
  }
  fs::remove(path);
  EXPECT_EQ(total, 3600u * 16000);
  ASSERT_GT(after_first_minute, 0u);
  EXPECT_LT(resident_bytes(), after_first_minute + (4u << 20));
}

}  // namespace
}  // namespace escuta::audio
