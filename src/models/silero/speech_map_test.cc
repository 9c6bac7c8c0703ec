#include "models/silero/speech_map.h"

#include <gtest/gtest.h>

#include <random>

namespace escuta::silero {
namespace {

// The file's samples that are speech, one after another: what the map abbreviates.
std::vector<int64_t> speech_samples(const std::vector<Speech>& spans) {
  std::vector<int64_t> samples;
  for (const Speech& span : spans) {
    for (int64_t at = span.begin; at < span.end; ++at) samples.push_back(at);
  }
  return samples;
}

TEST(SpeechMap, IsExactForMadeUpGaps) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<Speech> spans;
    int64_t at = 0;
    for (int i = static_cast<int>(random() % 6); i > 0; --i) {
      const int64_t begin = at + static_cast<int64_t>(random() % 4) * 7;  // 0: it touches
      at = begin + static_cast<int64_t>(random() % 3) * 11;               // 0: it is empty
      spans.push_back({begin, at});
    }
    const std::vector<int64_t> samples = speech_samples(spans);
    const auto map = SpeechMap::create(spans).value();
    const auto count = static_cast<int64_t>(samples.size());
    ASSERT_EQ(map.speech_samples(), count);
    for (int64_t s = 0; s < count; ++s) {
      const int64_t file = samples[static_cast<size_t>(s)];
      ASSERT_EQ(map.file_begin(s), file);
      ASSERT_EQ(map.file_end(s + 1), file + 1);  // the end of what ends with this sample
      ASSERT_EQ(map.speech_at(file), s);
    }
    // Anywhere in the file: as many samples of speech lie before.
    for (int64_t file = -3; file < at + 5; ++file) {
      const auto before = std::lower_bound(samples.begin(), samples.end(), file) - samples.begin();
      ASSERT_EQ(map.speech_at(file), before) << file;
    }
  }
}

TEST(SpeechMap, OfASeamHasTwoPlaces) {
  const Speech spans[] = {{100, 200}, {500, 600}};
  const auto map = SpeechMap::create(spans).value();
  EXPECT_EQ(map.file_end(100), 200);
  EXPECT_EQ(map.file_begin(100), 500);
  EXPECT_EQ(map.speech_at(350), 100);
  // The two ends, and what lies beyond.
  EXPECT_EQ(map.file_begin(0), 100);
  EXPECT_EQ(map.file_end(0), 100);
  EXPECT_EQ(map.file_begin(-5), 100);
  EXPECT_EQ(map.file_begin(200), 600);
  EXPECT_EQ(map.file_end(1000), 600);
}

TEST(SpeechMap, WhatSpansASeamIsOnTheSideOfItsMiddle) {
  const Speech spans[] = {{100, 200}, {500, 600}};
  const auto map = SpeechMap::create(spans).value();
  EXPECT_EQ(map.file_beside(90, 80), 180);
  EXPECT_EQ(map.file_beside(95, 110), 200);  // ends with the first span
  EXPECT_EQ(map.file_beside(105, 95), 500);  // begins with the second
  EXPECT_EQ(map.file_beside(105, 130), 530);
  EXPECT_EQ(map.file_beside(100, 100), 500);
  EXPECT_EQ(map.file_beside(900, 250), 600);
  EXPECT_EQ(map.file_beside(-9, -20), 100);
}

TEST(SpeechMap, WithoutSpeechIsZero) {
  const auto map = SpeechMap::create({}).value();
  EXPECT_EQ(map.speech_samples(), 0);
  EXPECT_EQ(map.file_begin(7), 0);
  EXPECT_EQ(map.file_end(7), 0);
  EXPECT_EQ(map.file_beside(7, 8), 0);
  EXPECT_EQ(map.speech_at(7), 0);
}

TEST(SpeechMap, RefusesSpansThatOverlapOrRunBackwards) {
  const Speech overlap[] = {{0, 10}, {9, 20}}, backwards[] = {{10, 5}}, negative[] = {{-1, 5}};
  EXPECT_EQ(SpeechMap::create(overlap).status().message(),
            "spans of speech: expected a begin at 10 or later and an end after it, found 9 to 20");
  EXPECT_FALSE(SpeechMap::create(backwards).ok());
  EXPECT_FALSE(SpeechMap::create(negative).ok());
}

}  // namespace
}  // namespace escuta::silero
