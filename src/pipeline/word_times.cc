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

// A pause between sentences is heard as a part of the mark or of the word after it.
void shorten_beside_marks(std::span<WordSegment> segments, const Durations& durations) {
  if (durations.median == 0) return;
  const Word* before = nullptr;
  for (WordSegment& segment : segments) {
    for (Word& word : segment.words) {
      if (before != nullptr && length(word) > durations.longest) {
        if (ends_sentence(word)) {
          word.end_s = word.start_s + durations.longest;
        } else if (ends_sentence(*before)) {
          word.start_s = word.end_s - durations.longest;
        }
      }
      before = &word;
    }
  }
}

// So is silence before the first word, or before the first two.
void shorten_after_pause(std::vector<Word>& words, const Durations& durations,
                         double last_speech_end_s) {
  Word& first = words.front();
  Word* second = words.size() > 1 ? &words[1] : nullptr;
  const bool after_pause = first.end_s - last_speech_end_s > durations.median * kPause;
  const bool long_pair = second != nullptr && second->end_s - first.start_s > durations.longest * 2;
  if (!after_pause || (length(first) <= durations.longest && !long_pair)) return;
  if (second != nullptr && length(*second) > durations.longest) {
    first.end_s = second->start_s = std::max(second->end_s / 2, second->end_s - durations.longest);
  }
  first.start_s = std::max(0.0, first.end_s - durations.longest);
}

// A first or last word that reaches far out of its segment ends where the model said that the
// segment does; else the segment follows its words.
void fit_segment(WordSegment& segment, const Durations& durations) {
  Word& first = segment.words.front();
  if (segment.start_s < first.end_s && segment.start_s - kFarFromSegment > first.start_s) {
    first.start_s = std::max(0.0, std::min(first.end_s - durations.median, segment.start_s));
  } else {
    segment.start_s = first.start_s;
  }
  Word& last = segment.words.back();
  if (segment.end_s > last.start_s && segment.end_s + kFarFromSegment < last.end_s) {
    last.end_s = std::max(last.start_s + durations.median, segment.end_s);
  } else {
    segment.end_s = last.end_s;
  }
}

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
                  double last_speech_end_s) {
  const Durations durations = measure(segments);
  shorten_beside_marks(segments, durations);
  for (WordSegment& segment : segments) {
    join_punctuation(segment.words, punctuation);
    if (segment.words.empty()) continue;
    shorten_after_pause(segment.words, durations, last_speech_end_s);
    fit_segment(segment, durations);
    last_speech_end_s = segment.end_s;
  }
}

}  // namespace escuta::pipeline
