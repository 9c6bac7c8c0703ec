#include "pipeline/cues.h"

#include <gtest/gtest.h>

namespace escuta::pipeline {
namespace {

// Six words, one a second, from 10 s on; the segment begins before them and ends after.
Segment counted() {
  Segment segment = {.start_s = 9.5, .end_s = 16.5, .text = " one two three four five six"};
  double at = 10;
  for (const char* word : {" one", " two", " three", " four", " five", " six"}) {
    segment.words.push_back({at, at + 0.5, word, 1});
    at += 1;
  }
  return segment;
}

std::vector<std::vector<std::string>> texts(const std::vector<Cue>& cues) {
  std::vector<std::vector<std::string>> all;
  for (const Cue& cue : cues) {
    all.emplace_back();
    for (const CueLine& line : cue.lines) all.back().push_back(line_text(line));
  }
  return all;
}

using Texts = std::vector<std::vector<std::string>>;

TEST(LayOut, WithoutLimitsASegmentIsACue) {
  const std::vector<Cue> cues = lay_out(counted(), {});
  EXPECT_EQ(texts(cues), (Texts{{"one two three four five six"}}));
  EXPECT_EQ(cues[0].start_s, 9.5);
  EXPECT_EQ(cues[0].end_s, 16.5);
}

TEST(LayOut, BreaksLinesAtTheirWidth) {
  EXPECT_EQ(texts(lay_out(counted(), {.max_line_width = 13})),
            (Texts{{"one two three", "four five six"}}));
  EXPECT_EQ(texts(lay_out(counted(), {.max_line_width = 1})),
            (Texts{{"one", "two", "three", "four", "five", "six"}}));
}

TEST(LayOut, ShowsTheLinesOfACueOverInTheNextAtTheTimesOfItsWords) {
  const std::vector<Cue> cues = lay_out(counted(), {.max_line_width = 8, .max_line_count = 2});
  EXPECT_EQ(texts(cues), (Texts{{"one two", "three"}, {"four", "five six"}}));
  EXPECT_EQ(cues[0].start_s, 9.5);
  EXPECT_EQ(cues[0].end_s, 12.5);
  EXPECT_EQ(cues[1].start_s, 13);
  EXPECT_EQ(cues[1].end_s, 16.5);
}

TEST(LayOut, CountsWords) {
  EXPECT_EQ(texts(lay_out(counted(), {.max_words_per_line = 4})),
            (Texts{{"one two three four"}, {"five six"}}));
  EXPECT_EQ(texts(lay_out(counted(), {.max_line_count = 2, .max_words_per_line = 2})),
            (Texts{{"one two", "three four"}, {"five six"}}));
}

TEST(LayOut, InventsNoTimes) {
  Segment segment = counted();
  segment.words.clear();
  const std::vector<Cue> cues = lay_out(segment, {.max_line_width = 8, .max_line_count = 1});
  EXPECT_EQ(texts(cues), (Texts{{"one two", "three", "four", "five six"}}));
  EXPECT_EQ(cues[0].start_s, 9.5);
  EXPECT_EQ(cues[0].end_s, 16.5);
}

TEST(LayOut, CuesDoNotOverlapWhateverTheWordsTimes) {
  Segment segment = counted();
  segment.words[2].end_s = 15.5;  // longer than the next cue's beginning
  segment.words[5].end_s = 3;
  const std::vector<Cue> cues = lay_out(segment, {.max_words_per_line = 3});
  ASSERT_EQ(cues.size(), 2U);
  EXPECT_EQ(cues[0].end_s, 13);
  EXPECT_EQ(cues[1].start_s, 13);
}

TEST(LayOut, AnEmptyTextIsAnEmptyLine) {
  EXPECT_EQ(texts(lay_out({.text = " \n"}, {.max_line_width = 3})), (Texts{{""}}));
}

TEST(Highlights, CoverTheCueInOrder) {
  const Cue cue = lay_out(counted(), {.max_words_per_line = 2})[0];
  const std::vector<Highlight> parts = highlights(cue);
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(parts[0].word, std::nullopt);
  EXPECT_EQ(parts[1].word, 0U);
  EXPECT_EQ(parts[1].start_s, 10);
  EXPECT_EQ(parts[2].word, std::nullopt);
  EXPECT_EQ(parts[3].word, 1U);
  EXPECT_EQ(parts[0].start_s, cue.start_s);
  EXPECT_EQ(parts[3].end_s, cue.end_s);
  for (size_t i = 1; i < parts.size(); ++i) EXPECT_EQ(parts[i].start_s, parts[i - 1].end_s);
}

TEST(Highlights, WordsWithoutLengthAreNotMarked) {
  Segment segment = counted();
  for (Word& word : segment.words) word.start_s = word.end_s = 9.5;
  const std::vector<Highlight> parts = highlights(lay_out(segment, {})[0]);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].word, std::nullopt);
  EXPECT_EQ(parts[0].end_s, 16.5);
}

}  // namespace
}  // namespace escuta::pipeline
