#include "cli/word_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace escuta::cli {
namespace {

using ::testing::HasSubstr;

TEST(WordOptions, AreTakenOver) {
  pipeline::TranscribeOptions transcribe;
  ASSERT_TRUE(understand_words({}, transcribe).ok());
  EXPECT_FALSE(transcribe.words);
  EXPECT_EQ(transcribe.punctuation.prepended, whisper::kPrependedPunctuation);
  ASSERT_TRUE(
      understand_words({.words = true, .prepended = "<", .appended = "", .invented_silence_s = 2},
                       transcribe)
          .ok());
  EXPECT_TRUE(transcribe.words);
  EXPECT_EQ(transcribe.punctuation.prepended, "<");
  EXPECT_EQ(transcribe.punctuation.appended, "");
  EXPECT_EQ(transcribe.invented_silence_s, 2);
}

TEST(WordOptions, NoneIsIgnored) {
  const auto refused = [](auto set) {
    WordOptions typed;
    set(typed);
    pipeline::TranscribeOptions transcribe;
    EXPECT_THAT(std::string(understand_words(typed, transcribe).message()),
                HasSubstr("expected --word-timestamps beside them"));
    typed.words = true;
    EXPECT_TRUE(understand_words(typed, transcribe).ok());
  };
  refused([](WordOptions& o) { o.prepended = "("; });
  refused([](WordOptions& o) { o.appended = ")"; });
  refused([](WordOptions& o) { o.invented_silence_s = 2; });
}

}  // namespace
}  // namespace escuta::cli
