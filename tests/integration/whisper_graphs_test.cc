// Whisper graphs as different exporters write them, through the whole engine: the forms of one
// decoder must agree with each other. Skips without ONNX Runtime or the shared exports.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <random>

#include "base/temporary_folder.h"
#include "convert/test_checkpoint.h"
#include "convert/whisper.h"
#include "generate/search.h"
#include "models/whisper/model.h"
#include "registry/registry.h"

namespace escuta::whisper {
namespace {

namespace fs = std::filesystem;

const engine::Registry& registry() {
  static const engine::Registry* const made = [] {
    auto* filled = new engine::Registry;
    EXPECT_TRUE(add_all_providers(*filled, {}).ok());
    return filled;
  }();
  return *made;
}

bool has_provider() {
  const engine::Provider* ort = registry().find("ort");
  return ort != nullptr && ort->availability().available;
}

Result<std::shared_ptr<const Model>> load(const fs::path& folder, DecoderForm form) {
  LoadOptions options;
  options.decoder = form;
  options.session.compile.threads = 1;
  return Model::load(registry(), folder, options);
}

Tensor noise(const Config& config) {
  Tensor mel =
      Tensor::create(DType::kFloat, {1, config.mel.n_mels, config.window_frames()}).value();
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  for (float& x : mel.as<float>()) x = normal(random);
  return mel;
}

// Twelve tokens after a prompt of three, and their log probability.
generate::Generation twelve_tokens(const Model& model, size_t beams) {
  const engine::Value states = model.encode(noise(model.config())).value();
  const auto decoder = model.decoder(states);
  const std::vector<int32_t> prompt = {1, 5, 9};
  generate::SearchOptions options;
  options.end_token = -1;
  options.max_new_tokens = 12;
  options.beams = beams;
  const generate::SearchRow rows[] = {{prompt, 0}};
  const auto result = generate::search(*decoder, rows, {}, options);
  EXPECT_TRUE(result.ok()) << result.status().message();
  return result.ok() ? result->front() : generate::Generation{};
}

void expect_same_words(const fs::path& pair_folder, const fs::path& merged_folder) {
  const auto pair = load(pair_folder, DecoderForm::kPair);
  const auto merged = load(merged_folder, DecoderForm::kMerged);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  ASSERT_TRUE(merged.ok()) << merged.status().message();
  for (const size_t beams : {1u, 3u}) {
    const generate::Generation a = twelve_tokens(**pair, beams);
    const generate::Generation b = twelve_tokens(**merged, beams);
    EXPECT_EQ(a.tokens.size(), 12u);
    EXPECT_EQ(a.tokens, b.tokens) << beams << " beams";
    EXPECT_NEAR(a.sum_log_prob, b.sum_log_prob, 1e-3);
  }
}

class Exports : public ::testing::TestWithParam<const char*> {};

TEST_P(Exports, PairAndMergedDecodersAgree) {
  const char* shared = ::getenv("ESCUTA_SHARED_DATA");
  if (shared == nullptr) GTEST_SKIP() << "shared exports are absent";
  if (!has_provider()) GTEST_SKIP() << "ONNX Runtime is absent";
  const fs::path folder = fs::path(shared) / "exports" / GetParam();
  expect_same_words(folder, folder);
}

INSTANTIATE_TEST_SUITE_P(Whisper, Exports, ::testing::Values("whisper", "whisper_op14"));

TEST(Imports, PairAndMergedDecodersAgree) {
  if (!has_provider()) GTEST_SKIP() << "ONNX Runtime is absent";
  const TemporaryFolder temporary;
  const fs::path& folder = temporary.path();
  fs::create_directory(folder / "ct2");
  ASSERT_TRUE(convert::testing::write_checkpoint(
                  folder / "ct2", convert::testing::whisper_checkpoint({.target = 32}))
                  .ok());
  for (const bool merged : {false, true}) {
    const Status status =
        convert::import_whisper(folder / "ct2", folder / (merged ? "merged" : "pair"),
                                {.dtype = DType::kFloat, .merged = merged});
    EXPECT_TRUE(status.ok()) << status.message();
  }
  expect_same_words(folder / "pair", folder / "merged");
}

}  // namespace
}  // namespace escuta::whisper
