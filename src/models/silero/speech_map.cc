#include "models/silero/speech_map.h"

#include <algorithm>

namespace escuta::silero {

Result<SpeechMap> SpeechMap::create(std::span<const Speech> spans) {
  SpeechMap map;
  int64_t end = 0;
  for (const Speech& span : spans) {
    if (span.begin < end || span.end < span.begin) {
      return invalid_argument(
          "spans of speech: expected a begin at {} or later and an end after it, found {} to {}",
          end, span.begin, span.end);
    }
    end = span.end;
    if (span.begin == span.end) continue;
    map.spans_.push_back(span);
    map.begins_.push_back(map.begins_.back() + span.end - span.begin);
  }
  return map;
}

// The last span that begins at or before; the end of the speech belongs to the last one.
size_t SpeechMap::span_at(int64_t speech) const {
  const auto after = std::upper_bound(begins_.begin() + 1, begins_.end() - 1, speech);
  return static_cast<size_t>(after - begins_.begin()) - 1;
}

int64_t SpeechMap::file_begin(int64_t speech) const {
  if (spans_.empty()) return 0;
  speech = std::clamp<int64_t>(speech, 0, speech_samples());
  const size_t i = span_at(speech);
  return spans_[i].begin + speech - begins_[i];
}

int64_t SpeechMap::file_beside(int64_t middle, int64_t speech) const {
  if (spans_.empty()) return 0;
  const size_t i = span_at(std::clamp<int64_t>(middle, 0, speech_samples()));
  return spans_[i].begin + std::clamp(speech, begins_[i], begins_[i + 1]) - begins_[i];
}

int64_t SpeechMap::file_end(int64_t speech) const {
  if (spans_.empty()) return 0;
  speech = std::clamp<int64_t>(speech, 0, speech_samples());
  // The first span that ends at or after; the begin of the speech belongs to the first one.
  const auto end = std::lower_bound(begins_.begin() + 1, begins_.end() - 1, speech);
  const auto i = static_cast<size_t>(end - begins_.begin()) - 1;
  return spans_[i].begin + speech - begins_[i];
}

int64_t SpeechMap::speech_at(int64_t file) const {
  const auto after =
      std::upper_bound(spans_.begin(), spans_.end(), file,
                       [](int64_t at, const Speech& span) { return at < span.begin; });
  if (after == spans_.begin()) return 0;
  const auto i = static_cast<size_t>(after - spans_.begin()) - 1;
  return std::min(begins_[i] + file - spans_[i].begin, begins_[i + 1]);
}

}  // namespace escuta::silero
