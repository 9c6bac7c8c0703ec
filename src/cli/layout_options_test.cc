#include "cli/layout_options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace escuta::cli {
namespace {

using pipeline::Format;

// What is made of a command line, for files of one format.
Result<pipeline::Layout> understood(std::vector<std::string> arguments, Format format) {
  CLI::App app;
  LayoutOptions options;
  add_layout_options(app, options);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes the last one first
  app.parse(std::move(arguments));
  return understand_layout(options, {{format}});
}

TEST(LayoutOptions, NeedWordsWhereTimesAreSplit) {
  EXPECT_FALSE(needs_words(understood({}, Format::kTxt).value()));
  EXPECT_FALSE(needs_words(understood({"--max-line-width", "42"}, Format::kSrt).value()));
  EXPECT_TRUE(needs_words(understood({"--max-words-per-line", "5"}, Format::kVtt).value()));
  EXPECT_TRUE(needs_words(understood({"--highlight-words"}, Format::kLrc).value()));
  const auto both =
      understood({"--max-line-width", "42", "--max-line-count", "2"}, Format::kTtml).value();
  EXPECT_TRUE(needs_words(both));
  EXPECT_EQ(both.max_line_width, 42U);
  EXPECT_EQ(both.max_line_count, 2U);
}

TEST(LayoutOptions, RefuseWhatHasNoEffect) {
  const auto refusal = [](std::vector<std::string> arguments, Format format) {
    return std::string(understood(std::move(arguments), format).status().message());
  };
  EXPECT_NE(refusal({"--max-line-width", "42"}, Format::kTxt).find("expected srt"),
            std::string::npos);
  EXPECT_NE(refusal({"--highlight-words"}, Format::kTtml).find("lrc"), std::string::npos);
  EXPECT_NE(refusal({"--max-line-count", "2"}, Format::kSrt).find("--max-line-width"),
            std::string::npos);
}

}  // namespace
}  // namespace escuta::cli
