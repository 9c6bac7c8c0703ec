#include "cli/wording_options.h"

#include <gtest/gtest.h>

#include "cli/language_options.h"

namespace escuta::cli {
namespace {

TEST(WordingOptions, AreTakenOver) {
  pipeline::TranscribeOptions found;
  ASSERT_TRUE(understand_wording({}, found).ok());
  EXPECT_EQ(found.decoding.suppress_tokens, std::vector<int32_t>{-1});
  EXPECT_TRUE(found.condition_on_previous_text && found.decoding.suppress_blank);
  ASSERT_TRUE(understand_wording({.prompt = "a",
                                  .prefix = "b",
                                  .hotwords = "c d, e",
                                  .suppress_tokens = "",
                                  .suppress_regex = "x+",
                                  .hotword_boost = 3,
                                  .carry_prompt = true,
                                  .no_condition = true,
                                  .no_suppress_blank = true,
                                  .suppress_numerals = true},
                                 found)
                  .ok());
  EXPECT_EQ(found.prompt + found.prefix + found.suppress_regex, "abx+");
  EXPECT_EQ(found.hotwords, (std::vector<std::string>{"c d", "e"}));
  EXPECT_EQ(found.hotword_boost, 3);
  EXPECT_TRUE(found.decoding.suppress_tokens.empty());
  EXPECT_TRUE(found.carry_prompt && found.suppress_numerals);
  EXPECT_FALSE(found.condition_on_previous_text || found.decoding.suppress_blank);
}

TEST(WordingOptions, WhatHasNoEffectIsAnError) {
  pipeline::TranscribeOptions found;
  EXPECT_FALSE(understand_wording({.carry_prompt = true}, found).ok());
  EXPECT_FALSE(understand_wording({.hotword_boost = 1}, found).ok());
  EXPECT_FALSE(understand_wording({.prompt = " "}, found).ok());
  EXPECT_FALSE(understand_wording({.hotwords = "a,,b"}, found).ok());
  EXPECT_FALSE(understand_wording({.suppress_tokens = "x"}, found).ok());
}

TEST(LanguageOptions, AreTakenOver) {
  pipeline::TranscribeOptions found;
  ASSERT_TRUE(
      understand_language({.allowed = "de, en", .threshold = 0.7, .windows = 4}, found).ok());
  EXPECT_EQ(found.language, "auto");
  EXPECT_EQ(found.detection.allowed, (std::vector<std::string>{"de", "en"}));
  EXPECT_EQ(found.detection.threshold, 0.7);
  EXPECT_EQ(found.detection.windows, 4u);
}

TEST(LanguageOptions, WhatHasNoEffectIsAnError) {
  pipeline::TranscribeOptions found;
  EXPECT_FALSE(understand_language({.language = "de", .allowed = "de"}, found).ok());
  EXPECT_FALSE(understand_language({.language = "de", .per_window = true}, found).ok());
  EXPECT_FALSE(understand_language({.threshold = 0.3}, found).ok());
  EXPECT_FALSE(understand_language({.windows = 3, .per_window = true}, found).ok());
  EXPECT_TRUE(understand_language({.threshold = 0.3, .per_window = true}, found).ok());
}

}  // namespace
}  // namespace escuta::cli
