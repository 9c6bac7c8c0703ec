#include "pipeline/word_times.h"

#include <algorithm>
#include <array>

#include "pipeline/strings.h"

namespace escuta::pipeline {
namespace {

// All numbers are openai/whisper's.
constexpr double kLongestMedianSeconds = 0.7;
constexpr double kLongWord = 2;          // a word may take so many times the median
constexpr double kPause = 4;             // nobody speaks for so many times the median
constexpr double kFarFromSegment = 0.5;  // seconds that a word may reach beyond its segment

struct Durations {
  double median = 0, longest = 0;
};

double length(const Word& word) { return word.end_s - word.start_s; }

// Of all words that take time.
Durations measure(std::span<const WordSegment> segments) {
  std::vector<double> lengths;
  for (const WordSegment& segment : segments) {
    for (const Word& word : segment.words) {
      if (length(word) != 0) lengths.push_back(length(word));
    }
  }
  if (lengths.empty()) return {};
  std::ranges::sort(lengths);
  const size_t middle = lengths.size() / 2;
  const double median =
      lengths.size() % 2 == 1 ? lengths[middle] : (lengths[middle - 1] + lengths[middle]) / 2;
  const double kept = std::min(median, kLongestMedianSeconds);
  return {kept, kept * kLongWord};
}

bool ends_sentence(const Word& word) {
  constexpr std::array<std::string_view, 6> kMarks = {".", "。", "!", "！", "?", "？"};
  return std::ranges::find(kMarks, word.text) != kMarks.end();
}

class Repair {
 public:
  Repair(std::span<WordSegment> segments, std::span<const Pause> pauses)
      : segments_(segments), pauses_(pauses), durations_(measure(segments)) {}

  // A pause between sentences is heard as a part of the mark or of the word after it.
  void shorten_beside_marks() {
    if (durations_.median == 0) return;
    const Word* before = nullptr;
    for (WordSegment& segment : segments_) {
      for (Word& word : segment.words) {
        if (before != nullptr && length(word) > durations_.longest) {
          if (ends_sentence(word)) {
            word.end_s = word.start_s + durations_.longest;
          } else if (ends_sentence(*before) && !starts_after_pause(word)) {
            word.start_s = word.end_s - durations_.longest;
          }
        }
        before = &word;
      }
    }
  }

  // So is silence before the first word, or before the first two.
  void shorten_after_pause(std::vector<Word>& words, double last_speech_end_s) const {
    Word& first = words.front();
    Word* second = words.size() > 1 ? &words[1] : nullptr;
    const bool after_pause = first.end_s - last_speech_end_s > durations_.median * kPause;
    const bool long_pair =
        second != nullptr && second->end_s - first.start_s > durations_.longest * 2;
    if (!after_pause || starts_after_pause(first)) return;
    if (length(first) <= durations_.longest && !long_pair) return;
    if (second != nullptr && length(*second) > durations_.longest && !starts_after_pause(*second)) {
      first.end_s = second->start_s =
          std::max(second->end_s / 2, second->end_s - durations_.longest);
    }
    first.start_s = std::max(0.0, first.end_s - durations_.longest);
  }

  // A first or last word that reaches far out of its segment ends where the model said that the
  // segment does; else the segment follows its words.
  void fit(WordSegment& segment) const {
    Word& first = segment.words.front();
    if (segment.start_s < first.end_s && segment.start_s - kFarFromSegment > first.start_s &&
        !starts_after_pause(first)) {
      first.start_s = std::max(0.0, std::min(first.end_s - durations_.median, segment.start_s));
    } else {
      segment.start_s = first.start_s;
    }
    Word& last = segment.words.back();
    if (segment.end_s > last.start_s && segment.end_s + kFarFromSegment < last.end_s &&
        !ends_before_pause(last)) {
      last.end_s = std::max(last.start_s + durations_.median, segment.end_s);
    } else {
      segment.end_s = last.end_s;
    }
  }

 private:
  bool starts_after_pause(const Word& word) const {
    return std::ranges::any_of(pauses_, [&](const Pause& p) { return p.end_s == word.start_s; });
  }
  bool ends_before_pause(const Word& word) const {
    return std::ranges::any_of(pauses_, [&](const Pause& p) { return p.begin_s == word.end_s; });
  }

  std::span<WordSegment> segments_;
  std::span<const Pause> pauses_;
  Durations durations_;
};

}  // namespace

void join_punctuation(std::vector<Word>& words, const Punctuation& punctuation) {
  const auto joins = [](const std::string& marks, std::string_view text) {
    return marks.find(text) != std::string::npos;
  };
  std::vector<Word> joined;  // last word first
  for (auto word = words.rbegin(); word != words.rend(); ++word) {
    const bool opens = word->text.starts_with(' ') &&
                       joins(punctuation.prepended, trimmed(word->text)) && !joined.empty();
    if (opens) {
      joined.back().text.insert(0, word->text);
    } else {
      joined.push_back(std::move(*word));
    }
  }
  words.clear();
  for (auto word = joined.rbegin(); word != joined.rend(); ++word) {
    const bool closes = !words.empty() && !words.back().text.ends_with(' ') &&
                        joins(punctuation.appended, word->text);
    if (closes) {
      words.back().text += word->text;
    } else {
      words.push_back(std::move(*word));
    }
  }
}

void repair_words(std::span<WordSegment> segments, const Punctuation& punctuation,
                  double last_speech_end_s, std::span<const Pause> pauses) {
  Repair repair(segments, pauses);
  repair.shorten_beside_marks();
  for (WordSegment& segment : segments) {
    join_punctuation(segment.words, punctuation);
    if (segment.words.empty()) continue;
    repair.shorten_after_pause(segment.words, last_speech_end_s);
    repair.fit(segment);
    last_speech_end_s = segment.end_s;
  }
}

}  // namespace escuta::pipeline
