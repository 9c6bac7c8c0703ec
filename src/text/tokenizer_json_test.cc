#include "text/tokenizer_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace escuta::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string error(std::string_view json) {
  const auto file = read_tokenizer_file(json);
  return file.ok() ? "" : std::string(file.status().message());
}

std::string model(const std::string& vocab, const std::string& merges) {
  return R"({"model": {"vocab": )" + vocab + R"(, "merges": )" + merges + "}}";
}

TEST(TokenizerFile, TakesWhatItNeedsInAnyOrder) {
  const TokenizerFile file = read_tokenizer_file(R"({
      "post_processor": {"a": [{"b": {}}, [[]]], "model": {"vocab": 1}},
      "model": {"merges": ["a b", ["ab", "c d"]], "unk_token": null, "extra": {"x": [1, {}]},
                "vocab": {"a": 0, "b": 1}, "type": "BPE"},
      "added_tokens": [{"id": 5, "content": "<x>", "flags": [true, [1.5, "s"]]}],
      "decoder": {"type": "ByteLevel"}, "normalizer": null, "other": 7
  })")
                                 .value();
  EXPECT_THAT(file.vocab, ElementsAre(Pair("a", 0), Pair("b", 1)));
  EXPECT_THAT(file.merges, ElementsAre(Pair("a", "b"), Pair("ab", "c d")));
  EXPECT_EQ(file.model, nlohmann::json::parse(
                            R"({"unk_token": null, "extra": {"x": [1, {}]}, "type": "BPE"})"));
  EXPECT_EQ(file.added_tokens.dump(), R"([{"content":"<x>","flags":[true,[1.5,"s"]],"id":5}])");
  EXPECT_EQ(file.decoder["type"], "ByteLevel");
  EXPECT_TRUE(file.normalizer.is_null());
  EXPECT_TRUE(file.pre_tokenizer.is_null());
}

TEST(TokenizerFile, SaysWhatIsWrong) {
  EXPECT_THAT(error("This is not JSON"), HasSubstr("expected JSON, found something else"));
  EXPECT_THAT(error(""), HasSubstr("expected JSON"));
  EXPECT_THAT(error("[]"), HasSubstr("expected an object, found a list"));
  EXPECT_THAT(error("7"), HasSubstr("expected an object, found number"));
  EXPECT_THAT(error("{}"), HasSubstr("expected an object `model`, found none"));
  EXPECT_THAT(error(R"({"model": [1]})"), HasSubstr("`model`: expected an object, found array"));
  EXPECT_THAT(error(R"({"model": {}})"), HasSubstr("`model.vocab`: expected an object"));
  EXPECT_THAT(error(model("[]", "[]")), HasSubstr("`model.vocab`: expected an object"));
  EXPECT_THAT(error(model("{}", "{}")), HasSubstr("`model.merges`: expected a list"));
  EXPECT_THAT(error(model(R"({"a": "x"})", "[]")), HasSubstr("`a`: expected an id"));
  EXPECT_THAT(error(model(R"({"a": -1})", "[]")), HasSubstr("found -1"));
  EXPECT_THAT(error(model(R"({"a": 1.5})", "[]")), HasSubstr("found number"));
  EXPECT_THAT(error(model(R"({"a": 2147483648})", "[]")), HasSubstr("found 2147483648"));
  EXPECT_THAT(error(model(R"({"a": 99999999999999999999})", "[]")), HasSubstr("expected an id"));
  EXPECT_THAT(error(model("{}", R"(["ab"])")), HasSubstr("entry 0: expected two tokens"));
  EXPECT_THAT(error(model("{}", R"(["a b c"])")), HasSubstr("expected two tokens"));
  EXPECT_THAT(error(model("{}", R"([["a"]])")), HasSubstr("found 1"));
  EXPECT_THAT(error(model("{}", R"([["a", "b", "c"]])")), HasSubstr("found 3"));
  EXPECT_THAT(error(model("{}", R"([[["a"]]])")), HasSubstr("found array"));
  EXPECT_THAT(error(model("{}", "[7]")), HasSubstr("found number"));
  EXPECT_THAT(error(R"({"model": {"vocab": {}, "vocab": {}}})"), HasSubstr("found a second"));
  EXPECT_THAT(error(std::string(100000, '[')), HasSubstr("expected an object, found a list"));
  EXPECT_THAT(error(R"({"x": )" + std::string(100000, '[')), HasSubstr("nested levels"));
  EXPECT_THAT(error("{\"x\": \"\xFF\"}"), HasSubstr("expected JSON"));
}

TEST(TokenizerFile, BoundsTheTree) {
  std::string list = R"({"added_tokens": [)";
  for (int i = 0; i < 500'001; ++i) list += "0,";
  EXPECT_THAT(error(list + "0]}"), HasSubstr("expected at most 500000 values"));
}

}  // namespace
}  // namespace escuta::text
