#include "pipeline/invented.h"

#include <algorithm>

namespace escuta::pipeline {
namespace {

// All numbers are openai/whisper's.
constexpr double kImprobable = 0.15;
constexpr double kShortestSeconds = 0.133;
constexpr double kShortnessWeight = 15;  // per second
constexpr double kLongestSeconds = 2;
constexpr size_t kWordsJudged = 8;
constexpr double kInventedScore = 3;
constexpr double kNearEdgeSeconds = 2;  // of the window
constexpr double kLeastStepSeconds = 1;

double oddness(const Word& word) {
  const double length = word.end_s - word.start_s;
  double score = word.probability < kImprobable ? 1 : 0;
  if (length < kShortestSeconds) score += (kShortestSeconds - length) * kShortnessWeight;
  if (length > kLongestSeconds) score += length - kLongestSeconds;
  return score;
}

bool seems_invented(const WordSegment& segment, const Punctuation& punctuation) {
  const std::string marks = punctuation.prepended + punctuation.appended;
  double score = 0;
  size_t judged = 0;
  for (const Word& word : segment.words) {
    if (judged == kWordsJudged) break;
    if (marks.find(word.text) != std::string::npos) continue;
    score += oddness(word);
    ++judged;
  }
  return !segment.words.empty() &&
         (score >= kInventedScore || score + 0.01 >= static_cast<double>(judged));
}

// The first of the segments from `i` on that has words; their number where none has.
size_t next_with_words(std::span<const WordSegment> segments, size_t i) {
  while (i < segments.size() && segments[i].words.empty()) ++i;
  return i;
}

}  // namespace

Judgement judge(std::span<const WordSegment> segments, const DecodedWindow& window,
                const Punctuation& punctuation, double silence_s) {
  Judgement judgement{.kept = segments.size(), .next_s = {}};
  const auto invented = [&](size_t i) { return seems_invented(segments[i], punctuation); };
  const auto is_silence = [&](double from_s, double to_s) { return to_s - from_s > silence_s; };

  if (window.ends_early) {
    double last_s = window.begin_s;
    for (const WordSegment& segment : segments) {
      if (!segment.words.empty()) last_s = segment.words.back().end_s;
    }
    if (last_s > window.begin_s) {
      judgement.next_s = is_silence(last_s, window.end_s) ? last_s : window.end_s;
    }
  }

  const size_t first = next_with_words(segments, 0);
  if (first < segments.size() && invented(first) &&
      is_silence(window.begin_s, segments[first].start_s)) {
    return {.kept = 0, .next_s = segments[first].start_s};
  }

  double before_s = window.last_speech_end_s;
  for (size_t i = first; i < segments.size(); i = next_with_words(segments, i + 1)) {
    const WordSegment& segment = segments[i];
    const size_t next = next_with_words(segments, i + 1);
    const bool has_next = next < segments.size();
    if (invented(i)) {
      const double next_s = has_next ? segments[next].words.front().start_s : window.end_s;
      const bool silence_before = is_silence(before_s, segment.start_s) ||
                                  segment.start_s < silence_s ||
                                  segment.start_s - window.begin_s < kNearEdgeSeconds;
      const bool silence_after = is_silence(segment.end_s, next_s) ||
                                 (has_next && invented(next)) ||
                                 window.end_s - segment.end_s < kNearEdgeSeconds;
      if (silence_before && silence_after) {
        const bool is_last = window.file_end_s - segment.end_s < silence_s;
        const double there_s = std::max(window.begin_s + kLeastStepSeconds, segment.start_s);
        return {.kept = i, .next_s = is_last ? window.file_end_s : there_s};
      }
    }
    before_s = segment.end_s;
  }
  return judgement;
}

}  // namespace escuta::pipeline
