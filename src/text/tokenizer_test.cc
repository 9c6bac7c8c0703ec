#include "text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/json.h"
#include "text/stream_decoder.h"

namespace escuta::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::filesystem::path kGolden = std::filesystem::path(ESCUTA_SOURCE_DIR) / "tests/golden";

std::shared_ptr<const Tokenizer> small() {
  static const auto tokenizer = Tokenizer::load(kGolden / "tokenizer_small.json").value();
  return tokenizer;
}

TEST(Tokenizer, EqualToTokenizersOnTheGoldenStrings) {
  std::ifstream file(kGolden / "tokenizer_small_golden.jsonl");
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    const Json golden = parse_json(line).value();
    const std::string text = json_string(golden, "text").value();
    const std::string decoded = json_string(golden, "decoded").value();
    const std::vector<int64_t> ids = json_ints(golden, "ids").value();
    const std::vector<int32_t> expected(ids.begin(), ids.end());
    EXPECT_EQ(small()->encode(text), expected) << text;
    EXPECT_EQ(small()->decode(expected), decoded) << text;
    StreamDecoder stream(small());
    std::string streamed;
    for (const int32_t id : expected) streamed += stream.push(id);
    EXPECT_EQ(streamed, decoded) << text;
  }
  EXPECT_EQ(lines, 200);
}

TEST(Tokenizer, KnowsItsTokens) {
  const int32_t start = small()->token_to_id("<|startoftranscript|>").value();
  EXPECT_EQ(small()->id_to_token(start), "<|startoftranscript|>");
  EXPECT_TRUE(small()->is_special(start));
  const int32_t time = small()->token_to_id("<|0.02|>").value();
  EXPECT_FALSE(small()->is_special(time));
  EXPECT_EQ(small()->token_to_id("no such token"), std::nullopt);
  const int32_t space = small()->token_to_id("\u0120").value();
  EXPECT_EQ(small()->token_bytes(space), " ");
  for (const int32_t id : {-1, small()->vocab_size(), INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(small()->id_to_token(id), "");
    EXPECT_EQ(small()->token_bytes(id), "");
    EXPECT_FALSE(small()->is_special(id));
  }
  EXPECT_EQ(small()->decode(std::vector<int32_t>{start, time}), "<|0.02|>");
  EXPECT_EQ(small()->decode(std::vector<int32_t>{start}, false), "<|startoftranscript|>");
}

TEST(Tokenizer, ReplacesInvalidTextBeforeItEncodes) {
  EXPECT_EQ(small()->encode("a\xFF\xE2\x82"), small()->encode("a\uFFFD\uFFFD"));
}

TEST(Tokenizer, DecodeDropsACharacterThatIsCutOff) {
  std::vector<int32_t> ids = small()->encode("a\U0010FFFF");
  ids.pop_back();
  EXPECT_EQ(small()->decode(ids), "a");
}

TEST(Tokenizer, LongWordsTakeNoSquareOfTheirLength) {
  const std::string word(200'000, 'a');
  EXPECT_EQ(small()->decode(small()->encode(word)), word);
}

// A file with these parts around a vocabulary of `a`, `b`, `ab`.
std::string file(const std::string& model, const std::string& rest = "") {
  return R"({"model": {"vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"])" + model + "}" +
         (rest.empty() ? R"(, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
                              "decoder": {"type": "ByteLevel"})"
                       : rest) +
         "}";
}

std::string with_added(const std::string& added) {
  return file("", R"(, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
                      "decoder": {"type": "ByteLevel"}, "added_tokens": )" +
                      added);
}

Status refusal(const std::string& json) {
  const auto tokenizer = Tokenizer::parse(json);
  return tokenizer.ok() ? Status() : tokenizer.status();
}

TEST(Tokenizer, MergesByRankAndDropsBytesWithoutToken) {
  const auto tokenizer = Tokenizer::parse(file("")).value();
  EXPECT_THAT(tokenizer->encode("abxba"), ElementsAre(2, 1, 0));
  EXPECT_EQ(tokenizer->vocab_size(), 3);
}

TEST(Tokenizer, RefusesByNameWhatItDoesNotDo) {
  const auto expect_unimplemented = [](const std::string& json, const char* field) {
    const Status status = refusal(json);
    EXPECT_EQ(status.code(), StatusCode::kUnimplemented) << json;
    EXPECT_THAT(std::string(status.message()), HasSubstr(field));
  };
  expect_unimplemented(file(R"(, "type": "WordPiece")"), "`model.type`: expected BPE");
  expect_unimplemented(file(R"(, "type": 7)"), "`model.type`");
  expect_unimplemented(file(R"(, "continuing_subword_prefix": "##")"), "continuing_subword_prefix");
  expect_unimplemented(file(R"(, "end_of_word_suffix": "</w>")"), "end_of_word_suffix");
  expect_unimplemented(file(R"(, "byte_fallback": true)"), "byte_fallback");
  expect_unimplemented(file(R"(, "dropout": 0.1)"), "dropout");
  expect_unimplemented(file("", R"(, "decoder": {"type": "ByteLevel"})"), "`pre_tokenizer`");
  expect_unimplemented(file("", R"(, "decoder": {"type": "WordPiece"})"), "`decoder`");
  expect_unimplemented(file("", R"(, "decoder": [1])"), "`decoder`");
  expect_unimplemented(file("", R"(, "decoder": {"type": "ByteLevel"},
                                     "normalizer": {"type": "Lowercase"})"),
                       "found `Lowercase`");
}

TEST(Tokenizer, SaysWhatContradictsItself) {
  const auto expect_invalid = [](const std::string& json, const char* reason) {
    const Status status = refusal(json);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << json;
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
  };
  expect_invalid(file(R"(, "unk_token": "<unk>")"), "`model.unk_token`");
  expect_invalid(file(R"(, "fuse_unk": "yes")"), "`fuse_unk`: expected true or false");
  expect_invalid(with_added("{}"), "`added_tokens`: expected a list");
  expect_invalid(with_added("[7]"), "expected an `id`");
  expect_invalid(with_added(R"([{"id": -1, "content": "x"}])"), "found -1");
  expect_invalid(with_added(R"([{"id": 2147483648, "content": "x"}])"), "found 2147483648");
  expect_invalid(with_added(R"([{"id": 3}])"), "expected a `content`");
  expect_invalid(with_added(R"([{"id": 0, "content": "x"}])"), "one token with id 0");
  expect_invalid(with_added(R"([{"id": 3, "content": "a"}])"), "one id for `a`, found 0 and 3");
  expect_invalid(R"({"model": {"vocab": {"a": 0, "b": 0}, "merges": []},
                     "pre_tokenizer": {"type": "ByteLevel"}, "decoder": {"type": "ByteLevel"}})",
                 "one token with id 0, found `a` and `b`");
  expect_invalid(R"({"model": {"vocab": {"a": 0, "a": 1}, "merges": []},
                     "pre_tokenizer": {"type": "ByteLevel"}, "decoder": {"type": "ByteLevel"}})",
                 "one id for `a`");
  expect_invalid(R"({"model": {"vocab": {"a": 0, "b": 1}, "merges": ["a b"]},
                     "pre_tokenizer": {"type": "ByteLevel"}, "decoder": {"type": "ByteLevel"}})",
                 "entry 0: expected tokens of the vocabulary, found `ab`");
}

TEST(Tokenizer, LoadNamesTheFile) {
  const std::filesystem::path missing = kGolden / "no_such_tokenizer.json";
  EXPECT_EQ(Tokenizer::load(missing).status().code(), StatusCode::kNotFound);
  const auto foreign = Tokenizer::load(kGolden / "tokenizer_probe.cc");
  EXPECT_THAT(std::string(foreign.status().message()),
              HasSubstr("tokenizer_probe.cc: expected JSON"));
}

}  // namespace
}  // namespace escuta::text
