#include "pipeline/language_choice.h"

#include <gtest/gtest.h>

namespace escuta::pipeline {
namespace {

using Languages = std::vector<whisper::Language>;

TEST(LanguageChoice, OneWindowDecidesByDefault) {
  LanguageChoice choice({});
  choice.hear(Languages{{"de", 0.3}, {"en", 0.2}});
  EXPECT_TRUE(choice.decided());
  EXPECT_EQ(choice.best().code, "de");
  EXPECT_EQ(choice.best().probability, 0.3);
}

TEST(LanguageChoice, HearsMoreUntilOneIsSure) {
  LanguageChoice choice({.windows = 5});
  choice.hear(Languages{{"de", 0.3}, {"en", 0.2}});
  EXPECT_FALSE(choice.decided());
  choice.hear(Languages{{"en", 0.7}, {"de", 0.3}});
  EXPECT_TRUE(choice.decided());
  EXPECT_EQ(choice.best().code, "en");
}

TEST(LanguageChoice, TheMeanDecidesWhereNoneIsSure) {
  LanguageChoice choice({.windows = 3});
  choice.hear(Languages{{"nl", 0.4}, {"de", 0.35}, {"en", 0.1}});
  choice.hear(Languages{{"en", 0.45}, {"de", 0.4}, {"nl", 0.1}});
  choice.hear(Languages{{"de", 0.45}, {"en", 0.3}, {"nl", 0.1}});
  EXPECT_TRUE(choice.decided());
  EXPECT_EQ(choice.best().code, "de");
  EXPECT_NEAR(choice.best().probability, 0.4, 1e-12);
}

TEST(LanguageChoice, OnlyAllowedLanguagesAreHeard) {
  LanguageChoice choice({.allowed = {"de", "fr"}});
  choice.hear(Languages{{"nl", 0.6}, {"de", 0.15}, {"fr", 0.05}});
  EXPECT_EQ(choice.best().code, "de");
  EXPECT_NEAR(choice.best().probability, 0.75, 1e-12);
}

TEST(LanguageChoice, PerWindowALanguageStaysUntilAnotherIsSure) {
  LanguageChoice choice({.threshold = 0.6, .per_window = true});
  choice.hear(Languages{{"de", 0.4}, {"en", 0.3}});
  EXPECT_EQ(choice.best().code, "de");
  choice.hear(Languages{{"en", 0.55}, {"de", 0.4}});
  EXPECT_EQ(choice.best().code, "de");
  choice.hear(Languages{{"en", 0.65}, {"de", 0.3}});
  EXPECT_EQ(choice.best().code, "en");
  choice.hear(Languages{{"de", 0.5}, {"en", 0.45}});
  EXPECT_EQ(choice.best().code, "en");
}

}  // namespace
}  // namespace escuta::pipeline
