#include "cli/decoding_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace escuta::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Status understand(const DecodingOptions& typed) {
  whisper::DecodeOptions decoding;
  return understand_decoding(typed, decoding);
}

TEST(DecodingOptions, TemperaturesAreAList) {
  DecodingOptions typed;
  typed.temperatures = "0,0.5,1";
  whisper::DecodeOptions decoding;
  ASSERT_TRUE(understand_decoding(typed, decoding).ok());
  EXPECT_THAT(decoding.temperatures, ElementsAre(0, 0.5, 1));
  for (const char* wrong : {"", "0,", "-1", "hot", "0;1", "nan", "inf", "11", "0 "}) {
    typed.temperatures = wrong;
    EXPECT_THAT(std::string(understand(typed).message()), HasSubstr("--temperature")) << wrong;
  }
}

// An option that could do nothing is refused, and the error says what it needs.
TEST(DecodingOptions, NoneIsIgnored) {
  const auto with = [](const char* temperatures) {
    DecodingOptions typed;
    typed.temperatures = temperatures;
    return typed;
  };
  const auto expect = [](const DecodingOptions& typed, const char* refused) {
    const Status status = understand(typed);
    EXPECT_EQ(status.code(), refused == nullptr ? StatusCode::kOk : StatusCode::kInvalidArgument)
        << status.message();
    if (refused != nullptr) {
      EXPECT_THAT(std::string(status.message()), HasSubstr(refused));
    }
  };
  for (const bool greedy_only : {false, true}) {
    const auto base = with(greedy_only ? "0" : "0,1");
    DecodingOptions typed = base;
    typed.best_of = 3;
    expect(typed, greedy_only ? "--best-of" : nullptr);
    typed = base;
    typed.seed = 3;
    expect(typed, greedy_only ? "--seed" : nullptr);
    typed = base;
    typed.compression_ratio_threshold = 3;
    expect(typed, greedy_only ? "--compression-ratio-threshold" : nullptr);
    typed = base;
    typed.length_penalty = 1;
    expect(typed, greedy_only ? "--length-penalty" : nullptr);
    typed = base;
    typed.patience = 2;
    expect(typed, "--patience");
    typed.beam_size = 2;
    typed.length_penalty = 1;
    expect(typed, nullptr);
  }
  DecodingOptions sampled = with("0.5");
  sampled.beam_size = 5;
  expect(sampled, "--beam-size");
}

}  // namespace
}  // namespace escuta::cli
