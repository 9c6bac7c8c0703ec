#include "jobs/manifest.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/temporary_folder.h"

namespace escuta::jobs {
namespace {

TEST(ParseManifestLine, TakesWhatItKnowsAndKeepsTheRest) {
  const Input input =
      parse_manifest_line(R"({"audio":"a/x.wav","language":"de","output":"b/1","id":7})", "set")
          .value();
  EXPECT_EQ(input.path, "set/a/x.wav");
  EXPECT_EQ(input.place, "a/x.wav");
  EXPECT_EQ(input.language, "de");
  EXPECT_EQ(input.output, "b/1");
  EXPECT_EQ(input.manifest_line["id"], 7);
  EXPECT_EQ(parse_manifest_line(R"({"audio":"/x.wav","output":null})", "set")->path, "/x.wav");
}

TEST(ParseManifestLine, SaysWhatWasExpected) {
  const auto refusal = [](const std::string& line) {
    return std::string(parse_manifest_line(line, "").status().message());
  };
  EXPECT_NE(refusal("talk.mp3").find("expected JSON"), std::string::npos);
  EXPECT_NE(refusal("[1]").find("expected a JSON object"), std::string::npos);
  EXPECT_NE(refusal("{}").find("`audio`"), std::string::npos);
  EXPECT_NE(refusal(R"({"audio":3})").find("expected a string"), std::string::npos);
  EXPECT_NE(refusal(R"({"audio":""})").find("empty"), std::string::npos);
  EXPECT_NE(refusal(R"({"audio":"a\u0000b"})").find("NUL"), std::string::npos);
  EXPECT_NE(refusal(R"({"audio":"a","language":["de"]})").find("language"), std::string::npos);
  EXPECT_NE(refusal("{\"audio\":\"\xFF\"}").find("expected JSON"), std::string::npos);
  EXPECT_NE(refusal(std::string(kMostLineBytes + 1, ' ')).find("at most"), std::string::npos);
  for (const char* output : {"../x", "/x", "a/../../x", "", "a/", "./a"}) {
    EXPECT_NE(refusal(fmt::format(R"({{"audio":"a","output":"{}"}})", output)).find("`output`"),
              std::string::npos)
        << output;
  }
}

TEST(ParseManifest, NamesTheLine) {
  const auto inputs = parse_manifest("{\"audio\":\"a\"}\r\n\n  \n{\"audio\":\"b\"}", "");
  ASSERT_EQ(inputs.value().size(), 2U);
  EXPECT_EQ((*inputs)[1].path, "b");
  EXPECT_EQ(parse_manifest("{\"audio\":\"a\"}\n\n{}", "").status().message().substr(0, 7),
            "line 3:");
}

class AppendLine : public testing::Test {
 protected:
  std::string after(const std::string& before, const std::string& line, bool once = false) {
    const auto file = folder.write("out.jsonl", before);
    const Status status = append_line(file, line, once);
    EXPECT_TRUE(status.ok()) << status.message();
    return read_file(file, 1 << 20).value();
  }
  TemporaryFolder folder;
};

TEST_F(AppendLine, Appends) {
  EXPECT_EQ(after("", "x"), "x\n");
  EXPECT_EQ(after("a\n", "x"), "a\nx\n");
  EXPECT_EQ(after("x\n", "x"), "x\nx\n");
}

TEST_F(AppendLine, CompletesALineThatWasTornAndKeepsOthers) {
  EXPECT_EQ(after("a\nxy", "xyz"), "a\nxyz\n");
  EXPECT_EQ(after("xy", "xyz"), "xyz\n");
  EXPECT_EQ(after("a\nno end", "xyz"), "a\nno end\nxyz\n");
  EXPECT_EQ(after("a\n" + std::string(100'000, 'b'), "xyz"),
            "a\n" + std::string(100'000, 'b') + "\nxyz\n");
}

TEST_F(AppendLine, OnceMeansOnce) {
  EXPECT_EQ(after("xyz\na\n", "xyz", true), "xyz\na\n");
  EXPECT_EQ(after("a\nwxyz\nxyzz\n", "xyz", true), "a\nwxyz\nxyzz\nxyz\n");
  EXPECT_EQ(after("a\nxyz", "xyz", true), "a\nxyz\n");
}

}  // namespace
}  // namespace escuta::jobs
