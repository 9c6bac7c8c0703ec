// Whisper graphs as different exporters write them, through the whole engine: the forms of one
// decoder must agree with each other. Skips without ONNX Runtime or the shared exports.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <random>

#include "base/temporary_folder.h"
#include "convert/test_checkpoint.h"
#include "convert/whisper.h"
#include "engine/state.h"
#include "generate/search.h"
#include "models/whisper/model.h"
#include "models/whisper/names.h"
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

LoadOptions options_of(DecoderForm form) {
  LoadOptions options;
  options.decoder = form;
  options.session.compile.threads = 1;
  return options;
}

// In 8 bits, with the encoder's keys and values in 16.
LoadOptions options_in_int8(DecoderForm form) {
  LoadOptions options = options_of(form);
  options.session.providers = {"cpu"};
  options.session.compile.precision = engine::Precision::kInt8;
  return options;
}

Result<std::shared_ptr<const Model>> load(const fs::path& folder, const LoadOptions& options) {
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

void expect_same_words(const fs::path& pair_folder, const fs::path& merged_folder,
                       LoadOptions (&options)(DecoderForm)) {
  const auto pair = load(pair_folder, options(DecoderForm::kPair));
  const auto merged = load(merged_folder, options(DecoderForm::kMerged));
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
  expect_same_words(folder, folder, options_of);
}

TEST_P(Exports, PairAndMergedDecodersAgreeInInt8) {
  const char* shared = ::getenv("ESCUTA_SHARED_DATA");
  if (shared == nullptr) GTEST_SKIP() << "shared exports are absent";
  const fs::path folder = fs::path(shared) / "exports" / GetParam();
  expect_same_words(folder, folder, options_in_int8);
}

INSTANTIATE_TEST_SUITE_P(Whisper, Exports, ::testing::Values("whisper", "whisper_op14"));

// A checkpoint imported in both forms: folders `pair` and `merged`.
class Imports : public ::testing::Test {
 protected:
  void SetUp() override { import(temporary_.path()); }
  fs::path folder(const char* form) const { return temporary_.path() / form; }

 private:
  static void import(const fs::path& folder);
  TemporaryFolder temporary_;
};

void Imports::import(const fs::path& folder) {
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
}

TEST_F(Imports, PairAndMergedDecodersAgree) {
  if (!has_provider()) GTEST_SKIP() << "ONNX Runtime is absent";
  expect_same_words(folder("pair"), folder("merged"), options_of);
}

TEST_F(Imports, PairAndMergedDecodersAgreeInInt8) {
  expect_same_words(folder("pair"), folder("merged"), options_in_int8);
}

// Keys and values that one session keeps in 16 bits and the next one in 32, or the other way round.
TEST_F(Imports, StatesAreConvertedBetweenSessions) {
  const auto session = [&](const char* file, bool compact) {
    engine::SessionOptions options = options_in_int8(DecoderForm::kPair).session;
    for (const char* what : {"key", "value"}) {
      if (!compact) break;
      options.compile.compact_states.push_back(names::past(0, "encoder", what));
      options.compile.compact_states.push_back(names::present(0, "encoder", what));
    }
    return engine::Session::load(registry(), folder("pair") / file, options).value();
  };
  const auto model = load(folder("pair"), options_in_int8(DecoderForm::kPair)).value();
  const engine::Value states = model->encode(noise(model->config())).value();
  const int64_t tokens[] = {1, 5, 9};
  std::vector<std::vector<float>> logits;
  for (const auto& [first_compact, next_compact] :
       {std::pair(false, false), {true, true}, {true, false}, {false, true}}) {
    const auto first = session("decoder_model.onnx", first_compact);
    const auto next = session("decoder_with_past_model.onnx", next_compact);
    const size_t key = first->output_index(names::present(0, "encoder", "key")).value();
    EXPECT_EQ(first->outputs()[key].dtype, first_compact ? DType::kFloat16 : DType::kFloat);
    const engine::Value prompt = engine::Value::of(Tensor::of<int64_t>({1, 3}, tokens).value());
    std::vector<engine::Value> inputs(first->inputs().size());
    inputs[first->input_index(names::kInputIds).value()] = prompt;
    inputs[first->input_index(names::kEncoderStates).value()] = states;
    engine::Stepper stepper(next);
    ASSERT_TRUE(stepper.adopt(*first, first->run(inputs).value()).ok());
    ASSERT_TRUE(stepper.set(names::kInputIds, prompt).ok());
    const engine::Value found = stepper.step(names::kLogits).value();
    const auto view = found.view()->as<float>();
    logits.emplace_back(view.begin(), view.end());
  }
  for (size_t i = 0; i < logits[0].size(); ++i) {
    for (size_t other = 1; other < logits.size(); ++other) {
      ASSERT_NEAR(logits[other][i], logits[0][i], 0.02) << other << ", " << i;
    }
  }
  EXPECT_EQ(logits[1], logits[2]);  // rounded once, by either side
  EXPECT_NE(logits[1], logits[0]);
}

}  // namespace
}  // namespace escuta::whisper
