#include "models/whisper/config.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/temporary_folder.h"

namespace escuta::whisper {
namespace {

constexpr char kSizes[] = R"({"model_type": "whisper", "d_model": 384, "encoder_layers": 4,
  "decoder_layers": 4, "decoder_attention_heads": 6, "vocab_size": 51865, "num_mel_bins": 80,
  "max_source_positions": 1500, "max_target_positions": 448})";

class ReadConfig : public ::testing::Test {
 protected:
  void SetUp() override { put("config.json", kSizes); }
  void put(const char* name, std::string_view text) {
    ASSERT_TRUE(write_file(folder_ / name, text).ok());
  }
  std::string error() {
    const auto config = read_config(folder_);
    return config.ok() ? "" : std::string(config.status().message());
  }
  const TemporaryFolder temporary_;
  const std::filesystem::path& folder_ = temporary_.path();
};

TEST_F(ReadConfig, TakesEverySizeFromTheFiles) {
  put("generation_config.json", R"({"suppress_tokens": [1, 2, -1], "begin_suppress_tokens": [220],
      "is_multilingual": false, "max_initial_timestamp_index": 50})");
  put("preprocessor_config.json", R"({"feature_size": 80, "hop_length": 160})");
  const Config config = read_config(folder_).value();
  EXPECT_EQ(config.decoder_layers, 4);
  EXPECT_EQ(config.head_size(), 64);
  EXPECT_EQ(config.window_frames(), 3000);
  EXPECT_DOUBLE_EQ(config.seconds_per_position(), 0.02);
  EXPECT_EQ(config.suppress_tokens, (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(config.is_multilingual, false);
  EXPECT_EQ(config.max_initial_timestamp_index, 50);
}

TEST_F(ReadConfig, TheOtherFilesMayBeAbsent) {
  const Config config = read_config(folder_).value();
  EXPECT_EQ(config.mel.n_fft, 400);
  EXPECT_TRUE(config.suppress_tokens.empty());
  EXPECT_FALSE(config.is_multilingual.has_value());
}

TEST_F(ReadConfig, TakesTheAlignmentHeadsThatAreNamed) {
  put("generation_config.json", R"({"alignment_heads": [[3, 1], [1, 0], [3, 1]]})");
  EXPECT_EQ(read_config(folder_)->alignment_heads, (std::vector<AttentionHead>{{1, 0}, {3, 1}}));
  for (const char* wrong : {"7", "[[1]]", "[[1,-1]]", "[[1,0.5]]"}) {
    put("generation_config.json", R"({"alignment_heads": )" + std::string(wrong) + "}");
    EXPECT_NE(error().find("`alignment_heads`: expected a list of [layer, head], found " +
                           std::string(wrong)),
              std::string::npos)
        << wrong;
  }
}

TEST_F(ReadConfig, WithoutThemAllHeadsOfTheUpperHalfOfTheLayersAlign) {
  const std::vector<AttentionHead> heads = read_config(folder_)->alignment_heads;
  ASSERT_EQ(heads.size(), 12u);
  EXPECT_EQ(heads.front(), (AttentionHead{2, 0}));
  EXPECT_EQ(heads.back(), (AttentionHead{3, 5}));
}

TEST_F(ReadConfig, NamesTheFileAndTheKey) {
  put("config.json", R"({"model_type": "bert"})");
  EXPECT_NE(error().find("config.json: `model_type`: expected whisper, found bert"),
            std::string::npos);
  put("config.json", R"({"d_model": 0})");
  EXPECT_NE(error().find("`d_model`: expected 1 to"), std::string::npos);
  put("config.json", R"({"d_model": "big"})");
  EXPECT_NE(error().find("`d_model`: expected an integer, found string"), std::string::npos);
  put("config.json", "[]");
  EXPECT_NE(error().find("expected a JSON object, found array"), std::string::npos);
  std::filesystem::remove(folder_ / "config.json");
  EXPECT_NE(error().find("No such file"), std::string::npos);
}

TEST_F(ReadConfig, RefusesFeaturesThatDoNotFitTheModel) {
  put("preprocessor_config.json", R"({"feature_size": 128})");
  EXPECT_NE(error().find("expected 80 as config.json's num_mel_bins, found 128"),
            std::string::npos);
}

}  // namespace
}  // namespace escuta::whisper
