// What is no audio, or damaged audio, gives one clear line and never more than the file's content.
#include <gmock/gmock.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "audio/source.h"
#include "audio/test_wav.h"

namespace escuta::audio {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path kFixtures = fs::path(ESCUTA_SOURCE_DIR) / "tests/data/audio";

std::string file_bytes(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << stream.rdbuf();
  EXPECT_FALSE(bytes.str().empty()) << path;
  return bytes.str();
}

// One line that names the path once.
void expect_error(const Status& status, StatusCode code, const std::string& path,
                  const std::string& reason) {
  EXPECT_EQ(status.code(), code) << status.to_string();
  const std::string message(status.message());
  EXPECT_EQ(message.find(path), 0u) << message;
  EXPECT_EQ(message.find(path, 1), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_THAT(message, HasSubstr(reason));
}

class BadInput : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("escuta_bad_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  void expect_open_fails(const fs::path& path, StatusCode code, const std::string& reason) {
    auto source = AudioSource::open(path, {});
    ASSERT_FALSE(source.ok()) << path;
    expect_error(source.status(), code, path.string(), reason);
  }
  fs::path folder_;
};

TEST_F(BadInput, Missing) {
  expect_open_fails(folder_ / "none.wav", StatusCode::kNotFound, "No such file");
}

TEST_F(BadInput, Empty) {
  expect_open_fails(write("empty.wav", ""), StatusCode::kInvalidArgument, "found an empty file");
}

TEST_F(BadInput, TextNamedWav) {
  expect_open_fails(write("text.wav", "Ask not what your country can do for you.\n"),
                    StatusCode::kInvalidArgument, "found data of no known format");
}

TEST_F(BadInput, Directory) {
  expect_open_fails(folder_, StatusCode::kInvalidArgument, "found a directory");
}

TEST_F(BadInput, Device) {
  expect_open_fails("/dev/zero", StatusCode::kInvalidArgument, "found a device");
}

TEST_F(BadInput, Unreadable) {
  const fs::path path = write("secret.wav", float_wav(16000, {0.5f}));
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  // Root reads everything: open as somebody else.
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
    ::setfsuid(65534);
  }
  expect_open_fails(path, StatusCode::kPermissionDenied, "Permission denied");
  if (root) ::setfsuid(0);
}

TEST_F(BadInput, VideoWithoutAudio) {
  expect_open_fails(kFixtures / "video_only.mp4", StatusCode::kInvalidArgument,
                    "expected a file with an audio track, found video (mpeg4)");
}

TEST_F(BadInput, NoSamples) {
  expect_open_fails(write("zero.wav", make_wav({}, "")), StatusCode::kInvalidArgument,
                    "holds no audio samples");
}

TEST_F(BadInput, WavThatClaimsFourGigabytes) {
  const WavHeader liar = {.data_bytes = 0xfffffff0u};
  expect_open_fails(write("liar.wav", make_wav(liar, "")), StatusCode::kInvalidArgument,
                    "holds no audio samples");
  const std::string data(3200, '\1');
  for (const uint32_t claim : {0xfffffff0u, 0xffffffffu, 0x7fffffffu}) {
    auto source = AudioSource::open(write("cut.wav", make_wav({.data_bytes = claim}, data)), {});
    ASSERT_TRUE(source.ok()) << source.status().to_string();
    EXPECT_LT((*source)->info().duration_s.value_or(0), 0.11);  // what fits in the file
    auto samples = read_all(**source);
    ASSERT_TRUE(samples.ok()) << samples.status().to_string();
    EXPECT_EQ(samples->size(), 1600u);
  }
}

TEST_F(BadInput, NotFiniteSamplesBecomeSilence) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  auto source = open_text(float_wav(16000, {0.5f, nan, inf, -inf, 1e30f, -0.5f}));
  ASSERT_TRUE(source.ok()) << source.status().to_string();
  auto samples = read_all(**source);
  ASSERT_TRUE(samples.ok());
  EXPECT_THAT(*samples, testing::ElementsAre(0.5f, 0, 0, 0, 0, -0.5f));
  EXPECT_EQ((*source)->replaced_samples(), 4);
}

TEST_F(BadInput, RateOutOfBounds) {
  for (const int rate : {1, 99, 768'001, 1'000'000'000}) {
    expect_open_fails(write("rate.wav", float_wav(rate, {0.5f, 0.5f})),
                      StatusCode::kInvalidArgument,
                      "expected a sample rate of 100..768000 Hz, found " + std::to_string(rate));
  }
}

TEST_F(BadInput, TooManyChannels) {
  expect_open_fails(write("wide.wav", float_wav(16000, std::vector<float>(65), 65)),
                    StatusCode::kInvalidArgument, "expected 1..64 channels, found 65");
}

TEST_F(BadInput, OutputRateOutOfBounds) {
  auto source = open_text(float_wav(16000, {0.5f}), {.rate_hz = 0});
  ASSERT_FALSE(source.ok());
  expect_error(source.status(), StatusCode::kInvalidArgument, "test.wav", "output rate");
}

// A playlist must not make us read another file, whatever it is called.
TEST_F(BadInput, PlaylistsAreRefused) {
  const fs::path other = write("other.wav", float_wav(16000, std::vector<float>(16000, 0.5f)));
  const std::string hls = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n" +
                          other.string() + "\n#EXT-X-ENDLIST\n";
  const std::string concat = "ffconcat version 1.0\nfile " + other.string() + "\n";
  const std::string dash =
      "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><Period><BaseURL>file:" +
      other.string() + "</BaseURL></Period></MPD>\n";
  const std::string sdp =
      "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n";
  for (const std::string& text : {hls, concat, dash, sdp}) {
    for (const char* name : {"list.wav", "list.m3u8", "list.ffconcat", "list.mpd", "list.sdp"}) {
      const fs::path path = write(name, text);
      auto source = AudioSource::open(path, {});
      ASSERT_FALSE(source.ok()) << path << "\n" << text;
      EXPECT_EQ(source.status().code(), StatusCode::kInvalidArgument);
    }
  }
  expect_open_fails(write("list.ffconcat", concat), StatusCode::kInvalidArgument,
                    "found a playlist or script (concat)");
}

TEST_F(BadInput, TruncatedFilesGiveWhatTheyHold) {
  for (const char* name : {"speech.mp3", "speech.ogg", "speech.flac", "speech.webm"}) {
    const std::string whole = file_bytes(kFixtures / name);
    auto source = AudioSource::open(write(name, whole.substr(0, whole.size() * 2 / 3)), {});
    if (!source.ok()) {  // one Ogg page holds all of the speech: nothing of it is whole
      EXPECT_STREQ(name, "speech.ogg") << source.status().to_string();
      continue;
    }
    auto samples = read_all(**source);
    ASSERT_TRUE(samples.ok()) << samples.status().to_string();
    EXPECT_GT(samples->size(), 2000u) << name;
    EXPECT_LT(samples->size(), 9600u) << name;
  }
}

TEST_F(BadInput, EveryTruncationEndsCleanly) {
  for (const char* name : {"speech.mp3", "speech.m4a", "speech.opus", "speech.webm"}) {
    const std::string whole = file_bytes(kFixtures / name);
    for (size_t length = 1; length < whole.size(); length += 1 + length / 16) {
      auto source = open_text(whole.substr(0, length));
      if (!source.ok()) continue;
      auto samples = read_all(**source);
      if (samples.ok()) {
        EXPECT_LE(samples->size(), 9700u) << name << " cut at " << length;
      }
    }
  }
}

TEST_F(BadInput, DamagedPacketsAreSkippedAndCounted) {
  std::string bytes = file_bytes(kFixtures / "speech.webm");
  // Opus packets that claim an impossible frame layout (RFC 6716, section 3.4, code 3).
  for (size_t i = bytes.size() / 2; i < bytes.size() / 2 + 200; ++i) bytes[i] = '\xff';
  std::string flac = file_bytes(kFixtures / "speech.flac");
  for (size_t i = flac.size() / 2; i < flac.size() / 2 + 3000; ++i) flac[i] = '\x55';
  int64_t damaged = 0;
  for (const std::string& text : {bytes, flac}) {
    auto source = open_text(text);
    ASSERT_TRUE(source.ok()) << source.status().to_string();
    auto samples = read_all(**source);
    ASSERT_TRUE(samples.ok()) << samples.status().to_string();
    EXPECT_GT(samples->size(), 3000u);
    damaged += (*source)->damaged_packets();
  }
  EXPECT_GT(damaged, 0);
}

}  // namespace
}  // namespace escuta::audio
