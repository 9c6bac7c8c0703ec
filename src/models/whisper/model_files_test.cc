#include "models/whisper/model_files.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/temporary_folder.h"

namespace escuta::whisper {
namespace {

class FindModelFiles : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder_ / "onnx"); }
  void put(std::initializer_list<const char*> names) {
    for (const char* name : names) ASSERT_TRUE(write_file(folder_ / name, "x").ok());
  }
  Result<ModelFiles> find(const std::string& variant = "", DecoderForm form = DecoderForm::kAuto) {
    return find_model_files(folder_, variant, form);
  }
  const TemporaryFolder temporary_;
  const std::filesystem::path& folder_ = temporary_.path();
};

TEST_F(FindModelFiles, PrefersThePairAndTakesTheMergedOneOnDemand) {
  put({"encoder_model.onnx", "decoder_model.onnx", "decoder_with_past_model.onnx",
       "decoder_model_merged.onnx"});
  EXPECT_FALSE(find()->merged());
  EXPECT_EQ(find()->decoder.filename(), "decoder_model.onnx");
  EXPECT_TRUE(find("", DecoderForm::kMerged)->merged());
}

TEST_F(FindModelFiles, LooksInTheOnnxFolderAndByVariant) {
  put({"onnx/encoder_model_int8.onnx", "onnx/decoder_model_merged_int8.onnx"});
  EXPECT_EQ(find()->encoder, folder_ / "onnx/encoder_model_int8.onnx");
  EXPECT_EQ(find("int8")->decoder, folder_ / "onnx/decoder_model_merged_int8.onnx");
  EXPECT_NE(
      find("q4").status().message().find("expected encoder_model_q4.onnx, found variants: _int8"),
      std::string::npos);
}

TEST_F(FindModelFiles, SaysWhatIsMissing) {
  EXPECT_EQ(find().status().code(), StatusCode::kNotFound);
  put({"encoder_model.onnx"});
  EXPECT_NE(find().status().message().find("decoder_model.onnx with decoder_with_past_model.onnx"),
            std::string::npos);
  put({"decoder_model.onnx"});
  EXPECT_NE(find().status().message().find("export the model with past"), std::string::npos);
}

TEST_F(FindModelFiles, TellsACheckpointAndAFileFromAModelFolder) {
  put({"model.bin"});
  EXPECT_NE(find().status().message().find("escuta import"), std::string::npos);
  EXPECT_EQ(find_model_files(folder_ / "model.bin", "", DecoderForm::kAuto).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(find_model_files(folder_ / "none", "", DecoderForm::kAuto).status().code(),
            StatusCode::kNotFound);
}

}  // namespace
}  // namespace escuta::whisper
