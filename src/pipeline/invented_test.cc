#include "pipeline/invented.h"

#include <gtest/gtest.h>

namespace escuta::pipeline {
namespace {

const Punctuation kMarks = {"(", ".,"};

// Three words of 0.3 s, said or invented.
WordSegment segment(double start_s, bool invented) {
  WordSegment made{start_s, start_s + 0.9, {}};
  for (int i = 0; i < 3; ++i) {
    made.words.push_back({.start_s = start_s + i * 0.3,
                          .end_s = start_s + i * 0.3 + 0.3,
                          .text = " word",
                          .probability = invented ? 0.05 : 0.9});
  }
  return made;
}

DecodedWindow window(double begin_s, double last_speech_end_s) {
  return {.begin_s = begin_s,
          .end_s = begin_s + 30,
          .file_end_s = 100,
          .last_speech_end_s = last_speech_end_s};
}

Judgement judged(const std::vector<WordSegment>& segments, const DecodedWindow& window) {
  return judge(segments, window, kMarks, 2);
}

TEST(Judge, KeepsWhatIsSaid) {
  const Judgement found = judged({segment(35, false), segment(50, false)}, window(30, 29));
  EXPECT_EQ(found.kept, 2u);
  EXPECT_FALSE(found.next_s.has_value());
  EXPECT_EQ(judged({}, window(30, 29)).kept, 0u);
}

TEST(Judge, SilenceBeforeAFirstInventedSegmentIsSkipped) {
  const Judgement found = judged({segment(35, true), segment(36, false)}, window(30, 29));
  EXPECT_EQ(found.kept, 0u);
  EXPECT_EQ(found.next_s, 35);
}

TEST(Judge, AnInventedSegmentBetweenSilencesEndsTheWindow) {
  const Judgement found =
      judged({segment(31, false), segment(40, true), segment(50, false)}, window(30, 29));
  EXPECT_EQ(found.kept, 1u);
  EXPECT_EQ(found.next_s, 40);
  // With speech just before it, it may be mumbled.
  EXPECT_EQ(
      judged({segment(35.1, false), segment(36.1, true), segment(50, false)}, window(30, 29)).kept,
      3u);
}

TEST(Judge, NothingIsHeardAfterTheLastInventedSegment) {
  DecodedWindow last = window(30, 29);
  last.file_end_s = last.end_s = 42;
  const Judgement found = judged({segment(31, false), segment(40.5, true)}, last);
  EXPECT_EQ(found.kept, 1u);
  EXPECT_EQ(found.next_s, 42);
}

TEST(Judge, ATextThatBreaksOffBeforeAPauseIsHeardFromThere) {
  DecodedWindow early = window(30, 29);
  early.ends_early = true;
  EXPECT_NEAR(judged({segment(35.1, false)}, early).next_s.value(), 36, 1e-9);
  EXPECT_EQ(judged({segment(57.5, false)}, early).next_s, 60);
}

TEST(Judge, MarksAreNoWords) {
  WordSegment marks = segment(40, true);
  for (Word& word : marks.words) word.text = ".";
  marks.words.push_back({.start_s = 40.9, .end_s = 41.3, .text = " said", .probability = 0.9});
  EXPECT_EQ(judged({segment(31, false), marks, segment(50, false)}, window(30, 29)).kept, 3u);
}

// Words without time, or with far too much.
TEST(Judge, LengthsAreSignsToo) {
  WordSegment endless = segment(40, false);
  for (Word& word : endless.words) word.end_s = word.start_s + 3.1;
  EXPECT_EQ(judged({segment(31, false), endless, segment(59, false)}, window(30, 29)).kept, 1u);
  WordSegment instant = segment(40, false);
  for (Word& word : instant.words) word.end_s = word.start_s;
  EXPECT_EQ(judged({segment(31, false), instant, segment(59, false)}, window(30, 29)).kept, 1u);
}

}  // namespace
}  // namespace escuta::pipeline
