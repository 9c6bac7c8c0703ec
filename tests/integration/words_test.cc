// When words are said, through the whole engine: what a decoder tells of its attention does not
// depend on its form or provider, and asking for it changes nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>

#include "base/files.h"
#include "base/temporary_folder.h"
#include "convert/test_checkpoint.h"
#include "convert/whisper.h"
#include "generate/search.h"
#include "models/whisper/names.h"
#include "pipeline/transcriber.h"
#include "registry/registry.h"

namespace escuta::whisper {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const engine::Registry& registry() {
  static const engine::Registry* const made = [] {
    auto* filled = new engine::Registry;
    EXPECT_TRUE(add_all_providers(*filled, {}).ok());
    return filled;
  }();
  return *made;
}

LoadOptions aligning(DecoderForm form, const char* provider = "cpu") {
  LoadOptions options;
  options.decoder = form;
  options.align = true;
  options.session.providers = {provider};
  options.session.compile.threads = 1;
  return options;
}

engine::Value noise_states(const Model& model) {
  const Config& config = model.config();
  Tensor mel =
      Tensor::create(DType::kFloat, {1, config.mel.n_mels, config.window_frames()}).value();
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  for (float& x : mel.as<float>()) x = normal(random);
  return model.encode(std::move(mel)).value();
}

constexpr int32_t kTokens[] = {1, 5, 9, 12, 2, 7, 3};
constexpr int64_t kPositions[] = {2, 4};

Result<ForcedText> forced(const fs::path& folder, const LoadOptions& options) {
  ASSIGN_OR_RETURN(const auto model, Model::load(registry(), folder, options));
  return model->force(noise_states(*model), kTokens, kPositions);
}

void expect_near(const ForcedText& found, const ForcedText& expected, double tolerance) {
  ASSERT_EQ(found.heads.size(), expected.heads.size());
  for (size_t h = 0; h < found.heads.size(); ++h) {
    ASSERT_EQ(found.heads[h].rows, std::size(kTokens));
    ASSERT_EQ(found.heads[h].values.size(), expected.heads[h].values.size());
    for (size_t i = 0; i < found.heads[h].values.size(); ++i) {
      ASSERT_NEAR(found.heads[h].values[i], expected.heads[h].values[i], tolerance)
          << h << " " << i;
    }
    for (size_t i = 0; i < found.heads[h].rows; ++i) {
      double sum = 0;
      for (const float x : found.heads[h].row(i)) sum += x;
      EXPECT_NEAR(sum, 1, 1e-3);
    }
  }
  const auto logits = found.logits.view()->as<float>();
  const auto others = expected.logits.view()->as<float>();
  ASSERT_EQ(logits.size(), others.size());
  for (size_t i = 0; i < logits.size(); ++i) ASSERT_NEAR(logits[i], others[i], 20 * tolerance);
}

// A checkpoint imported in both forms: folders `pair` and `merged`.
class ImportedWords : public ::testing::Test {
 protected:
  void SetUp() override {
    const fs::path& folder = temporary_.path();
    fs::create_directory(folder / "ct2");
    ASSERT_TRUE(convert::testing::write_checkpoint(
                    folder / "ct2", convert::testing::whisper_checkpoint({.target = 32}))
                    .ok());
    for (const bool merged : {false, true}) {
      ASSERT_TRUE(convert::import_whisper(folder / "ct2", folder / (merged ? "merged" : "pair"),
                                          {.dtype = DType::kFloat, .merged = merged})
                      .ok());
    }
  }
  fs::path folder(const char* form) const { return temporary_.path() / form; }

 private:
  TemporaryFolder temporary_;
};

TEST_F(ImportedWords, EveryFormSeesTheSame) {
  const auto pair = forced(folder("pair"), aligning(DecoderForm::kPair));
  ASSERT_TRUE(pair.ok()) << pair.status().to_string();
  EXPECT_EQ(pair->heads.size(), 2u);
  const auto merged = forced(folder("merged"), aligning(DecoderForm::kMerged));
  ASSERT_TRUE(merged.ok()) << merged.status().to_string();
  expect_near(*merged, *pair, 1e-5);
  LoadOptions plain = aligning(DecoderForm::kPair);
  plain.session.compile.passes_off = {"all"};
  expect_near(forced(folder("pair"), plain).value(), *pair, 1e-5);
  LoadOptions bytes = aligning(DecoderForm::kPair);
  bytes.session.compile.precision = engine::Precision::kInt8;
  expect_near(forced(folder("pair"), bytes).value(), *pair, 0.05);
}

TEST_F(ImportedWords, OnnxRuntimeIsHandedTheRewrittenGraph) {
  const engine::Provider* ort = registry().find("ort");
  if (ort == nullptr || !ort->availability().available) GTEST_SKIP() << "ONNX Runtime is absent";
  const auto pair = forced(folder("pair"), aligning(DecoderForm::kPair)).value();
  for (const DecoderForm form : {DecoderForm::kPair, DecoderForm::kMerged}) {
    const fs::path path = folder(form == DecoderForm::kPair ? "pair" : "merged");
    const auto found = forced(path, aligning(form, "ort"));
    ASSERT_TRUE(found.ok()) << found.status().to_string();
    expect_near(*found, pair, 1e-5);
  }
}

// The search is the same to the last bit, whether words will be asked for or not.
TEST_F(ImportedWords, TheSearchDoesNotChange) {
  for (const DecoderForm form : {DecoderForm::kPair, DecoderForm::kMerged}) {
    const fs::path path = folder(form == DecoderForm::kPair ? "pair" : "merged");
    std::vector<generate::Generation> found;
    for (const bool align : {false, true}) {
      LoadOptions options = aligning(form);
      options.align = align;
      const auto model = Model::load(registry(), path, options).value();
      EXPECT_EQ(model->aligns(), align);
      const auto decoder = model->decoder(noise_states(*model));
      generate::SearchOptions search;
      search.end_token = -1;
      search.max_new_tokens = 12;
      search.beams = 3;
      const std::vector<int32_t> prompt = {1, 5, 9};
      const generate::SearchRow rows[] = {{prompt, 0}};
      found.push_back(generate::search(*decoder, rows, {}, search).value().front());
    }
    EXPECT_EQ(found[0].tokens, found[1].tokens);
    EXPECT_EQ(found[0].sum_log_prob, found[1].sum_log_prob);
  }
}

TEST_F(ImportedWords, SaysWhenTheModelHasNotItsHeads) {
  ASSERT_TRUE(write_file(folder("pair") / "generation_config.json",
                         R"({"alignment_heads": [[1, 0], [7, 0]]})")
                  .ok());
  const auto model = Model::load(registry(), folder("pair"), aligning(DecoderForm::kPair));
  ASSERT_FALSE(model.ok());
  EXPECT_THAT(std::string(model.status().message()),
              HasSubstr("expected heads of 2 layers of 2, found [7, 0]"));
  LoadOptions without = aligning(DecoderForm::kPair);
  without.align = false;
  EXPECT_TRUE(Model::load(registry(), folder("pair"), without).ok());
}

class ExportedWords : public ::testing::TestWithParam<const char*> {};

TEST_P(ExportedWords, EveryFormSeesTheSame) {
  const char* shared = ::getenv("ESCUTA_SHARED_DATA");
  if (shared == nullptr) GTEST_SKIP() << "shared exports are absent";
  const fs::path folder = fs::path(shared) / "exports" / GetParam();
  const auto pair = forced(folder, aligning(DecoderForm::kPair));
  const auto merged = forced(folder, aligning(DecoderForm::kMerged));
  ASSERT_TRUE(pair.ok()) << pair.status().to_string();
  ASSERT_TRUE(merged.ok()) << merged.status().to_string();
  expect_near(*merged, *pair, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Whisper, ExportedWords, ::testing::Values("whisper", "whisper_op14"));

// --- A real model, $ESCUTA_MODELS/tiny.en ---

struct Timed {
  const char* word;
  double start_s, end_s;
};

// samples/jfk.wav by faster-whisper 1.2.1 with the same weights: words there reach over the pauses
// beside them, ours do not.
constexpr Timed kKennedy[] = {
    {" And", 0.00, 0.76},      {" so", 0.76, 1.06},        {" my", 1.06, 1.46},
    {" fellow", 1.46, 1.76},   {" Americans", 1.76, 2.26}, {" ask", 2.26, 3.88},
    {" not", 3.88, 4.52},      {" what", 4.52, 5.70},      {" your", 5.70, 6.02},
    {" country", 6.02, 6.36},  {" can", 6.36, 6.76},       {" do", 6.76, 7.02},
    {" for", 7.02, 7.26},      {" you", 7.26, 8.06},       {" ask", 8.06, 8.66},
    {" what", 8.66, 8.94},     {" you", 8.94, 9.28},       {" can", 9.28, 9.50},
    {" do", 9.50, 9.72},       {" for", 9.72, 9.92},       {" your", 9.92, 10.22},
    {" country", 10.22, 10.50}};

class Words : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* models = ::getenv("ESCUTA_MODELS");
    const fs::path folder = fs::path(models == nullptr ? "" : models) / "tiny.en";
    if (models == nullptr || !fs::exists(folder)) GTEST_SKIP() << "the model tiny.en is absent";
    LoadOptions options = aligning(DecoderForm::kAuto);
    options.session.compile.threads = 0;
    auto made = pipeline::Transcriber::create(registry(), folder, options);
    ASSERT_TRUE(made.ok()) << made.status().to_string();
    transcriber_ = std::make_unique<pipeline::Transcriber>(std::move(*made));
    options_.words = true;
    options_.decoding.temperatures = {0};
  }

  std::vector<pipeline::Transcript> heard(const std::vector<fs::path>& paths, size_t batch_size) {
    options_.batch_size = batch_size;
    std::vector<pipeline::Transcript> found;
    const auto next = [&, i = size_t{0}]() mutable -> std::optional<pipeline::AudioInput> {
      if (i == paths.size()) return std::nullopt;
      return pipeline::AudioInput{paths[i++]};
    };
    transcriber_->transcribe_all(next, options_, [&](size_t, Result<pipeline::Transcript> one) {
      EXPECT_TRUE(one.ok()) << one.status().to_string();
      found.push_back(one.ok() ? std::move(*one) : pipeline::Transcript{});
      return true;
    });
    return found;
  }

  static fs::path sample() { return fs::path(__FILE__).parent_path() / "../../samples/jfk.wav"; }

  std::unique_ptr<pipeline::Transcriber> transcriber_;
  pipeline::TranscribeOptions options_;
};

TEST_F(Words, OfKennedyAreWhereOthersHearThem) {
  const pipeline::Transcript found = heard({sample()}, 1).front();
  size_t i = 0;
  double before_s = 0;
  for (const pipeline::Segment& segment : found.segments) {
    std::string joined;
    ASSERT_FALSE(segment.words.empty());
    EXPECT_EQ(segment.start_s, segment.words.front().start_s);
    EXPECT_EQ(segment.end_s, segment.words.back().end_s);
    for (const pipeline::Word& word : segment.words) {
      joined += word.text;
      ASSERT_LT(i, std::size(kKennedy));
      EXPECT_EQ(word.text, kKennedy[i].word);
      EXPECT_GE(word.start_s, kKennedy[i].start_s - 0.02) << word.text;
      EXPECT_LE(word.end_s, kKennedy[i].end_s + 0.2) << word.text;
      EXPECT_GE(
          std::min(word.end_s, kKennedy[i].end_s) - std::max(word.start_s, kKennedy[i].start_s),
          0.1)
          << word.text;
      EXPECT_GE(word.start_s, before_s);
      EXPECT_GE(word.end_s, word.start_s);
      EXPECT_GT(word.probability, 0.2);
      EXPECT_LE(word.probability, 1);
      before_s = word.end_s;
      ++i;
    }
    EXPECT_EQ(joined, segment.text);
  }
  EXPECT_EQ(i, std::size(kKennedy));
}

// Windows of several files of different length beside each other, and each alone.
TEST_F(Words, OfABatchAreThoseOfEachFileAlone) {
  const fs::path speech = fs::path(__FILE__).parent_path() / "../data/audio/speech.flac";
  const std::vector<fs::path> files = {sample(), speech, sample()};
  const auto together = heard(files, 4);
  ASSERT_EQ(together.size(), files.size());
  for (size_t f = 0; f < files.size(); ++f) {
    const pipeline::Transcript alone = heard({files[f]}, 2).front();
    ASSERT_EQ(together[f].segments.size(), alone.segments.size());
    for (size_t s = 0; s < alone.segments.size(); ++s) {
      const auto& words = together[f].segments[s].words;
      const auto& others = alone.segments[s].words;
      ASSERT_EQ(words.size(), others.size());
      ASSERT_FALSE(words.empty());
      for (size_t i = 0; i < words.size(); ++i) {
        EXPECT_EQ(words[i].text, others[i].text);
        EXPECT_EQ(words[i].start_s, others[i].start_s);
        EXPECT_EQ(words[i].end_s, others[i].end_s);
        EXPECT_EQ(words[i].probability, others[i].probability);
      }
    }
  }
}

}  // namespace
}  // namespace escuta::whisper
