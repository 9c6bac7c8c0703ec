#include "pipeline/pauses.h"

#include <gtest/gtest.h>

namespace escuta::pipeline {
namespace {

constexpr double kFrame = 0.01;

// Features of 4 bins and 400 frames; each frame's level in decibels.
Tensor features(const std::vector<double>& levels_db) {
  Tensor tensor = Tensor::create(DType::kFloat, {1, 4, 400}).value();
  for (size_t bin = 0; bin < 4; ++bin) {
    for (size_t i = 0; i < levels_db.size(); ++i) {
      const double log10_power = levels_db[i] / 10;
      tensor.as<float>()[bin * 400 + i] = static_cast<float>((log10_power + 4) / 4);
    }
  }
  return tensor;
}

// Speech at 0 dB but for these frames.
std::vector<double> speech(std::initializer_list<std::pair<size_t, size_t>> quiet,
                           double quiet_db) {
  std::vector<double> levels(300, 0);
  for (const auto& [begin, end] : quiet) {
    for (size_t i = begin; i < end; ++i) levels[i] = quiet_db;
  }
  return levels;
}

std::vector<Pause> pauses_of(const std::vector<double>& levels) {
  const Tensor made = features(levels);
  return find_pauses(made.view(), static_cast<int64_t>(levels.size()), kFrame).value();
}

TEST(FindPauses, AreFarBelowSpeechAndLongEnough) {
  for (const double quiet_db : {-60.0, -40.0, -20.0}) {
    const auto found = pauses_of(speech({{0, 30}, {100, 109}, {200, 250}, {290, 300}}, quiet_db));
    ASSERT_EQ(found.size(), 3u) << quiet_db;
    EXPECT_NEAR(found[0].begin_s, 0, 1e-9);
    EXPECT_NEAR(found[0].end_s, 0.3, 1e-9);
    EXPECT_NEAR(found[1].begin_s, 2.0, 1e-9);
    EXPECT_NEAR(found[1].end_s, 2.5, 1e-9);
    EXPECT_NEAR(found[2].end_s, 3.0, 1e-9);
  }
}

TEST(FindPauses, AreUnknownWhereNoiseIsAsLoudAsSpeech) {
  EXPECT_TRUE(pauses_of(speech({{0, 100}}, -10)).empty());
  EXPECT_TRUE(pauses_of(std::vector<double>(300, -80)).empty());
  EXPECT_TRUE(pauses_of({}).empty());
}

TEST(FindPauses, RefusesWhatAreNoFeatures) {
  const Tensor tensor = Tensor::create(DType::kFloat, {1, 4, 10}).value();
  EXPECT_FALSE(find_pauses(tensor.view(), 11, kFrame).ok());
}

std::string kept_out(std::vector<Word> words, const std::vector<Pause>& pauses) {
  WordSegment segment{0, 10, std::move(words)};
  keep_out_of_pauses({&segment, 1}, pauses, {"(", ".,"});
  std::string found;
  for (const Word& word : segment.words) {
    found += fmt::format("{} {:.1f}-{:.1f}|", word.text, word.start_s, word.end_s);
  }
  return found;
}

Word word(std::string text, double start_s, double end_s) {
  return {.start_s = start_s, .end_s = end_s, .text = std::move(text), .probability = 1};
}

TEST(KeepOutOfPauses, WordsBeginAndEndBesideThem) {
  EXPECT_EQ(kept_out({word("a", 0, 1), word("b", 1, 2)}, {{0.5, 1.5}}), "a 0.0-0.5|b 1.5-2.0|");
  EXPECT_EQ(kept_out({word("a", 0, 1), word("b", 1, 2)}, {{0, 0.4}, {1.7, 2}}),
            "a 0.4-1.0|b 1.0-1.7|");
  EXPECT_EQ(kept_out({word("a", 0, 1), word("b", 1, 2)}, {}), "a 0.0-1.0|b 1.0-2.0|");
}

// The shorter part of a word that spans a pause is sound of the word beside it.
TEST(KeepOutOfPauses, AWordIsOnOneSide) {
  EXPECT_EQ(kept_out({word("a", 0, 1), word("b", 1, 3), word("c", 3, 4)}, {{1.2, 2.0}}),
            "a 0.0-1.2|b 2.0-3.0|c 3.0-4.0|");
  EXPECT_EQ(kept_out({word("a", 0, 1), word("b", 1, 3), word("c", 3, 4)}, {{2.0, 2.8}}),
            "a 0.0-1.0|b 1.0-2.0|c 2.8-4.0|");
  // A closure within a word.
  EXPECT_EQ(kept_out({word("a", 0, 1)}, {{0.3, 0.45}}), "a 0.0-1.0|");
  EXPECT_EQ(kept_out({word("a", 0, 1)}, {{0, 1}}), "a 0.0-1.0|");
}

TEST(KeepOutOfPauses, AMarkMakesNoSound) {
  EXPECT_EQ(kept_out({word("a", 0, 1), word(".", 1, 2), word("b", 2, 3)}, {{1.2, 1.9}}),
            "a 0.0-1.2|. 1.2-1.9|b 1.9-3.0|");
}

}  // namespace
}  // namespace escuta::pipeline
