#include "models/whisper/vocabulary.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace escuta::whisper {
namespace {

// A byte-level tokenizer with three words and Whisper's special tokens after them.
std::string tokenizer_json(std::initializer_list<const char*> special) {
  Json json = {{"version", "1.0"},
               {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
               {"decoder", {{"type", "ByteLevel"}}},
               {"model",
                {{"type", "BPE"},
                 {"vocab", {{"a", 0}, {"b", 1}, {"\u0120", 2}}},
                 {"merges", Json::array()}}}};
  int id = 3;
  json["added_tokens"] = Json::array();
  for (const char* token : special) {
    json["added_tokens"].push_back({{"id", id++},
                                    {"content", token},
                                    {"special", true},
                                    {"single_word", false},
                                    {"lstrip", false},
                                    {"rstrip", false},
                                    {"normalized", false}});
  }
  return json_dump(json);
}

constexpr std::initializer_list<const char*> kSpecial = {
    "<|endoftext|>",   "<|startoftranscript|>", "<|en|>",           "<|de|>",
    "<|haw|>",         "<|translate|>",         "<|transcribe|>",   "<|startoflm|>",
    "<|startofprev|>", "<|nospeech|>",          "<|notimestamps|>", "<|0.00|>",
    "<|0.02|>"};

Result<Vocabulary> make(bool multilingual, std::initializer_list<const char*> special = kSpecial) {
  ASSIGN_OR_RETURN(auto tokenizer, text::Tokenizer::parse(tokenizer_json(special)));
  Config config;
  config.vocab_size = 100;
  config.is_multilingual = multilingual;
  return Vocabulary::create(std::move(tokenizer), config);
}

using Ids = std::vector<int32_t>;

TEST(Vocabulary, FindsLanguagesAndStartsASequence) {
  const Vocabulary v = make(true).value();
  ASSERT_EQ(v.languages().size(), 3u);
  EXPECT_EQ(v.languages()[2].first, "haw");
  EXPECT_EQ(v.start_sequence("de", Task::kTranslate, true).value(), (Ids{4, 6, 8}));
  EXPECT_EQ(v.start_sequence("en", Task::kTranscribe, false).value(), (Ids{4, 5, 9, 13}));
  EXPECT_EQ(v.start_sequence("xx", Task::kTranscribe, true).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(Vocabulary, AnEnglishModelRefusesOtherTasks) {
  const Vocabulary v = make(false).value();
  EXPECT_TRUE(v.languages().empty());
  EXPECT_EQ(v.start_sequence("en", Task::kTranscribe, true).value(), (Ids{4}));
  EXPECT_FALSE(v.start_sequence("de", Task::kTranscribe, true).ok());
  EXPECT_FALSE(v.start_sequence("en", Task::kTranslate, true).ok());
}

TEST(Vocabulary, LeavesSpecialTokensOutOfTheText) {
  const Vocabulary v = make(true).value();
  const Ids tokens = {14, 2, 0, 1, 15, 3};
  EXPECT_EQ(v.text(tokens), " ab");
  EXPECT_TRUE(v.is_timestamp(14));
  EXPECT_FALSE(v.is_timestamp(13));
}

TEST(Vocabulary, NamesAMissingToken) {
  EXPECT_NE(make(true, {"<|endoftext|>"}).status().message().find("<|startoftranscript|>"),
            std::string::npos);
}

}  // namespace
}  // namespace escuta::whisper
