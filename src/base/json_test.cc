#include "base/json.h"

#include <gtest/gtest.h>

namespace escuta {
namespace {

TEST(Json, NamesWhatIsWrong) {
  const Json json = parse_json(R"({"a": 1, "b": [1, 2], "c": "x", "d": null, "e": 1.5})").value();
  EXPECT_EQ(json_int(json, "a").value(), 1);
  EXPECT_EQ(json_ints(json, "b").value(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(json_int_or(json, "d", 7).value(), 7);
  EXPECT_EQ(json_int(json, "e").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(json_string(json, "a").status().message(), "`a`: expected a string, found number `1`");
  EXPECT_EQ(json_int(json, "z").status().code(), StatusCode::kNotFound);
}

TEST(Json, RefusesBadAndDeepText) {
  EXPECT_EQ(parse_json("{\n\"a\": }").status().message(),
            "expected JSON, found something else at byte 8 (line 2)");
  EXPECT_FALSE(parse_json(std::string(100000, '[')).ok());
  EXPECT_FALSE(parse_json(std::string(300, '[') + std::string(300, ']')).ok());
}

TEST(Json, RefusesObjectsThatWouldTakeTooLong) {
  std::string many = "[{}, {";
  for (int i = 0; i < 200000; ++i) many += fmt::format("\"{}\": 0, ", i);
  const Result<Json> json = parse_json(many + "\"last\": 0}]");
  EXPECT_EQ(json.status().message(), "JSON: expected at most 2000 keys in one object");
}

TEST(Json, DumpsInvalidUtf8WithoutThrowing) {
  EXPECT_EQ(json_dump(Json("a\xff")), "\"a\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace escuta
