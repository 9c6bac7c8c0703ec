#include "models/whisper/window.h"

#include <gtest/gtest.h>

namespace escuta::whisper {
namespace {

TEST(CompressionRatio, IsHighForRepetition) {
  EXPECT_EQ(compression_ratio(""), 0);
  EXPECT_LT(compression_ratio("Ask not what your country can do for you."), 1.5);
  std::string loop;
  for (int i = 0; i < 50; ++i) loop += "thank you ";
  EXPECT_GT(compression_ratio(loop), 10);
}

TEST(NeedsFallback, WhereATextRepeatsOrIsGuessedAndSomebodySpeaks) {
  const DecodeOptions options;
  const auto result = [](double ratio, double logprob, double no_speech) {
    WindowResult made;
    made.compression_ratio = ratio;
    made.avg_logprob = logprob;
    made.no_speech_prob = no_speech;
    return made;
  };
  EXPECT_FALSE(needs_fallback(result(1.5, -0.3, 0.1), options));
  EXPECT_TRUE(needs_fallback(result(2.5, -0.3, 0.1), options));
  EXPECT_TRUE(needs_fallback(result(1.5, -1.1, 0.1), options));
  EXPECT_FALSE(needs_fallback(result(1.5, -1.1, 0.7), options));  // silence
  EXPECT_TRUE(is_silence(result(1.5, -1.1, 0.7), options));
  EXPECT_FALSE(is_silence(result(1.5, -0.3, 0.7), options));  // sure of its words
  EXPECT_TRUE(needs_fallback(result(2.5, -0.3, 0.7), options));
}

}  // namespace
}  // namespace escuta::whisper
