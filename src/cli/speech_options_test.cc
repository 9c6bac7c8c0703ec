#include "cli/speech_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace escuta::cli {
namespace {

using ::testing::HasSubstr;

TEST(SpeechOptions, AreTakenOver) {
  SpeechOptions typed;
  typed.threshold = 0.25f;
  typed.min_speech_ms = 1;
  typed.min_silence_ms = 20;
  typed.pad_ms = 3;
  const auto spans = understand_speech(typed);
  ASSERT_TRUE(spans.ok());
  EXPECT_EQ(spans->threshold, 0.25f);
  EXPECT_EQ(spans->min_speech_ms, 1);
  EXPECT_EQ(spans->min_silence_ms, 20);
  EXPECT_EQ(spans->pad_ms, 3);
}

TEST(SpeechOptions, NoneIsIgnored) {
  const auto refused = [](auto set) {
    SpeechOptions typed;
    set(typed);
    EXPECT_TRUE(understand_speech(typed).ok());
    typed.vad = false;
    EXPECT_THAT(std::string(understand_speech(typed).status().message()), HasSubstr("--no-vad"));
  };
  refused([](SpeechOptions& o) { o.threshold = 0.5f; });
  refused([](SpeechOptions& o) { o.min_speech_ms = 9; });
  refused([](SpeechOptions& o) { o.min_silence_ms = 9; });
  refused([](SpeechOptions& o) { o.pad_ms = 9; });
  refused([](SpeechOptions& o) { o.model = "x.onnx"; });
  SpeechOptions off;
  off.vad = false;
  EXPECT_TRUE(understand_speech(off).ok());
}

}  // namespace
}  // namespace escuta::cli
