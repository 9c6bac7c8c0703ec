#include "pipeline/word_times.h"

#include <gtest/gtest.h>

#include "models/whisper/words.h"

namespace escuta::pipeline {
namespace {

const Punctuation kMarks = {whisper::kPrependedPunctuation, whisper::kAppendedPunctuation};

Word word(std::string text, double start_s, double end_s) {
  return {.start_s = start_s, .end_s = end_s, .text = std::move(text), .probability = 1};
}

// Words of 0.25 s, one after another.
std::vector<Word> steady(double start_s, const std::vector<std::string>& texts) {
  std::vector<Word> words;
  for (const std::string& text : texts) {
    words.push_back(word(text, start_s, start_s + 0.25));
    start_s += 0.25;
  }
  return words;
}

std::string texts(const std::vector<Word>& words) {
  std::string joined;
  for (const Word& each : words) joined += each.text + "|";
  return joined;
}

TEST(JoinPunctuation, ToTheWordBeforeAndTheWordAfter) {
  std::vector<Word> words =
      steady(0, {" He", " said", ",", " \"", "Go", "!", "\"", " (", "now", ")"});
  join_punctuation(words, kMarks);
  EXPECT_EQ(texts(words), " He| said,| \"Go!\"| (now)|");
  EXPECT_EQ(words[2].start_s, 1.0);  // the word's own times
  EXPECT_EQ(words[2].end_s, 1.25);
}

TEST(JoinPunctuation, OnlyTheCharactersThatAreNamed) {
  std::vector<Word> words = steady(0, {" a", ",", " (", "b", "."});
  join_punctuation(words, {.prepended = "", .appended = "."});
  EXPECT_EQ(texts(words), " a|,| (|b.|");
  words = steady(0, {" (", " ["});  // nothing follows
  join_punctuation(words, kMarks);
  EXPECT_EQ(texts(words), " ( [|");
  words.clear();
  join_punctuation(words, kMarks);
  EXPECT_TRUE(words.empty());
}

TEST(RepairWords, SegmentsFollowTheirWords) {
  std::vector<WordSegment> segments = {{0, 2, steady(0.25, {" a", " b", " c", " d"})},
                                       {2, 4, steady(2.0, {" e", " f", " g", " h"})}};
  repair_words(segments, kMarks, 0);
  EXPECT_EQ(segments[0].start_s, 0.25);
  EXPECT_EQ(segments[0].end_s, 1.25);
  EXPECT_EQ(segments[1].start_s, 2.0);
  EXPECT_EQ(segments[1].end_s, 3.0);
}

TEST(RepairWords, APauseBetweenSentencesIsNoWord) {
  std::vector<Word> words = steady(0, {" a", " b", " c", "."});
  words.back().end_s = 3;  // the mark takes 2.25 s
  words.push_back(word(" d", 3, 3.25));
  std::vector<WordSegment> one = {{0, 4, words}};
  repair_words(one, kMarks, 0);
  EXPECT_EQ(texts(one[0].words), " a| b| c.| d|");
  EXPECT_EQ(one[0].words[2].end_s, 0.75);

  words = steady(0, {" a", " b", " c", "."});
  words.push_back(word(" d", 1, 4));
  std::vector<WordSegment> other = {{0, 4, words}};
  repair_words(other, kMarks, 0);
  EXPECT_EQ(other[0].words[3].start_s, 3.5);  // twice the median before its end
  EXPECT_EQ(other[0].words[3].end_s, 4);
}

TEST(RepairWords, SilenceBeforeTheFirstWordIsNoWord) {
  std::vector<Word> words = {word(" a", 2, 6), word(" b", 6, 6.25), word(" c", 6.25, 6.5)};
  std::vector<WordSegment> after = {{2, 7, words}};
  repair_words(after, kMarks, 1);
  EXPECT_EQ(after[0].words[0].start_s, 5.5);
  EXPECT_EQ(after[0].start_s, 5.5);
  // Two long words: they share the end of the time.
  words = {word(" a", 2, 4), word(" b", 4, 6), word(" c", 6, 6.25), word(" d", 6.25, 6.5),
           word(" e", 6.5, 6.75)};
  std::vector<WordSegment> two = {{2, 7, words}};
  repair_words(two, kMarks, 1);
  EXPECT_EQ(two[0].words[0].end_s, 5.5);
  EXPECT_EQ(two[0].words[1].start_s, 5.5);
  EXPECT_EQ(two[0].words[0].start_s, 5.0);
}

TEST(RepairWords, WordsThatReachFarBeyondTheirSegmentEndWithIt) {
  std::vector<Word> words = steady(1, {" a", " b", " c"});
  words.front().start_s = 0.8;
  words.back().end_s = 3;
  std::vector<WordSegment> segments = {{1.4, 2, words}};
  repair_words(segments, kMarks, 0.8);
  EXPECT_EQ(segments[0].words.back().end_s, 2);
  EXPECT_EQ(segments[0].start_s, 0.8);  // 0.6 s before, but behind the first word's end
}

TEST(RepairWords, AWordThatIsHeardToBeginAfterAPauseIsAsLongAsItIs) {
  std::vector<Word> words = {word(" a", 2, 6), word(" b", 6, 6.25), word(" c", 6.25, 6.5)};
  std::vector<WordSegment> segments = {{3, 7, words}};
  const Pause pauses[] = {{1, 2}};
  repair_words(segments, kMarks, 1, pauses);
  EXPECT_EQ(segments[0].words[0].start_s, 2);
  EXPECT_EQ(segments[0].start_s, 2);
}

TEST(RepairWords, WithoutWordsNothingChanges) {
  std::vector<WordSegment> segments = {{1, 2, {}}};
  repair_words(segments, kMarks, 0.5);
  EXPECT_EQ(segments[0].start_s, 1);
  EXPECT_EQ(segments[0].end_s, 2);
  repair_words({}, kMarks, 0.5);
}

}  // namespace
}  // namespace escuta::pipeline
