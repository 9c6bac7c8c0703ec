#include "models/whisper/words.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace escuta::whisper {
namespace {

// Byte-level tokens: 0 "Ġa", 1 "b", 2 ".", 3 and 4 the bytes of e with an acute accent, 5 "Ġ",
// 6 "Ġ(".
std::shared_ptr<const text::Tokenizer> tokenizer() {
  const Json json = {{"version", "1.0"},
                     {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
                     {"decoder", {{"type", "ByteLevel"}}},
                     {"added_tokens", Json::array()},
                     {"model",
                      {{"type", "BPE"},
                       {"vocab",
                        {{"\u0120a", 0},
                         {"b", 1},
                         {".", 2},
                         {"\u00c3", 3},
                         {"\u00a9", 4},
                         {"\u0120", 5},
                         {"\u0120(", 6}}},
                       {"merges", Json::array()}}}};
  return text::Tokenizer::parse(json_dump(json)).value();
}

using Found = std::vector<std::pair<std::string, size_t>>;

Found split(const std::vector<int32_t>& tokens, std::string_view language = "en") {
  Found found;
  for (const WordTokens& word : split_words(*tokenizer(), tokens, language)) {
    found.emplace_back(word.text, word.tokens);
  }
  return found;
}

TEST(SplitWords, AWordBeginsWithASpace) {
  EXPECT_EQ(split({0, 1, 0, 1, 1}), (Found{{" ab", 2}, {" abb", 3}}));
  EXPECT_EQ(split({1, 0}), (Found{{"b", 1}, {" a", 1}}));
  EXPECT_EQ(split({}), Found());
}

TEST(SplitWords, PunctuationStandsByItself) {
  EXPECT_EQ(split({0, 2, 1, 6, 1}), (Found{{" a", 1}, {".b", 2}, {" (b", 2}}));
  EXPECT_EQ(split({0, 2, 2, 0}), (Found{{" a", 1}, {".", 1}, {".", 1}, {" a", 1}}));
}

TEST(SplitWords, ACharacterOfTwoTokensIsOne) {
  EXPECT_EQ(split({0, 3, 4, 1}), (Found{{" a\u00e9b", 4}}));
  EXPECT_EQ(split({0, 3, 4, 1}, "ja"), (Found{{" a", 1}, {"\u00e9", 2}, {"b", 1}}));
}

TEST(SplitWords, NoTokenIsLostWhereACharacterEndsEarly) {
  EXPECT_EQ(split({0, 3}), (Found{{" a", 2}}));
  EXPECT_EQ(split({3}), (Found{{"", 1}}));
  EXPECT_EQ(split({3, 0, 4}), (Found{{"\ufffd a\ufffd", 3}}));
}

TEST(SplitWords, KnowsLanguagesWithoutSpaces) {
  for (const char* language : {"zh", "ja", "th", "lo", "my", "yue"}) {
    EXPECT_TRUE(is_unspaced(language)) << language;
  }
  EXPECT_FALSE(is_unspaced("ko"));
}

}  // namespace
}  // namespace escuta::whisper
