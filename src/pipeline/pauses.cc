#include "pipeline/pauses.h"

#include <algorithm>
#include <cmath>

namespace escuta::pipeline {
namespace {

constexpr double kShortestPauseSeconds = 0.1;
// Within a word: closed lips and tongues make no sound either.
constexpr double kShortestPauseInWordSeconds = 0.2;
// Levels are log10 of power.
constexpr double kLoudPart = 0.99, kQuietPart = 0.05;  // of the moments are no louder
constexpr double kFarBelowLoud = 3.5;                  // 35 dB
constexpr double kNearQuiet = 0.25;                    // of the way from quiet to loud
constexpr double kLeastRange = 1.2;                    // 12 dB

// log10 of each frame's power over all bins.
std::vector<double> levels_of(std::span<const float> features, size_t bins, size_t frames) {
  const size_t stride = features.size() / bins;
  std::vector<double> power(frames);
  for (size_t bin = 0; bin < bins; ++bin) {
    const auto row = features.subspan(bin * stride, frames);
    // The encoder hears log10(power) / 4 + 1 (audio/log_mel.h).
    for (size_t i = 0; i < frames; ++i) power[i] += std::pow(10.0, 4.0 * row[i] - 4.0);
  }
  for (double& x : power) x = std::log10(x);
  return power;
}

double part_of(std::vector<double> levels, double part) {
  const auto at = static_cast<ptrdiff_t>(part * static_cast<double>(levels.size() - 1));
  std::ranges::nth_element(levels, levels.begin() + at);
  return levels[static_cast<size_t>(at)];
}

class Keeper {
 public:
  Keeper(std::span<WordSegment> segments, const Punctuation& punctuation)
      : punctuation_(punctuation) {
    for (WordSegment& segment : segments) {
      for (Word& word : segment.words) words_.push_back(&word);
    }
  }

  void keep_out(std::span<const Pause> pauses) {
    for (size_t i = 0; i < words_.size(); ++i) {
      for (const Pause& pause : pauses) {
        if (is_mark(*words_[i])) {
          move_mark(i, pause);
        } else {
          move_word(i, pause);
        }
      }
    }
  }

 private:
  bool is_mark(const Word& word) const {
    return punctuation_.appended.find(word.text) != std::string::npos;
  }

  void end_before(size_t i, double old_s, double new_s) {
    if (i > 0 && words_[i - 1]->end_s == old_s) words_[i - 1]->end_s = new_s;
  }
  void begin_after(size_t i, double old_s, double new_s) {
    const bool follows = i + 1 < words_.size() && words_[i + 1]->start_s == old_s;
    if (follows && words_[i + 1]->end_s > new_s) words_[i + 1]->start_s = new_s;
  }

  void move_mark(size_t i, const Pause& pause) {
    Word& mark = *words_[i];
    if (pause.end_s <= mark.start_s || pause.begin_s >= mark.end_s) return;
    if (pause.begin_s > mark.start_s) {
      end_before(i, mark.start_s, pause.begin_s);
      mark.start_s = pause.begin_s;
    }
    if (pause.end_s < mark.end_s) {
      begin_after(i, mark.end_s, pause.end_s);
      mark.end_s = pause.end_s;
    }
  }

  void move_word(size_t i, const Pause& pause) {
    Word& word = *words_[i];
    const bool begins_in = pause.begin_s <= word.start_s && word.start_s < pause.end_s;
    const bool ends_in = pause.begin_s < word.end_s && word.end_s <= pause.end_s;
    if (begins_in && ends_in) return;
    if (begins_in) {
      word.start_s = pause.end_s;
    } else if (ends_in) {
      word.end_s = pause.begin_s;
    } else if (word.start_s < pause.begin_s && pause.end_s < word.end_s &&
               pause.end_s - pause.begin_s >= kShortestPauseInWordSeconds) {
      const double before = pause.begin_s - word.start_s, after = word.end_s - pause.end_s;
      if (before < after) {
        end_before(i, word.start_s, pause.begin_s);
        word.start_s = pause.end_s;
      } else {
        begin_after(i, word.end_s, pause.end_s);
        word.end_s = pause.begin_s;
      }
    }
  }

  const Punctuation& punctuation_;
  std::vector<Word*> words_;
};

}  // namespace

Result<std::vector<Pause>> find_pauses(const TensorView& features, int64_t frames,
                                       double seconds_per_frame) {
  const Shape& shape = features.shape;
  if (features.dtype != DType::kFloat || shape.rank() != 3 || shape[0] != 1 || frames < 0 ||
      shape[2] < frames) {
    return invalid_argument("expected features float [1, bins, {} or more], found {}", frames,
                            shape.to_string());
  }
  std::vector<Pause> pauses;
  if (frames == 0) return pauses;
  const std::vector<double> levels =
      levels_of(features.as<float>(), static_cast<size_t>(shape[1]), static_cast<size_t>(frames));
  const double loud = part_of(levels, kLoudPart), quiet = part_of(levels, kQuietPart);
  if (loud - quiet < kLeastRange) return pauses;
  const double limit = std::max(loud - kFarBelowLoud, quiet + kNearQuiet * (loud - quiet));
  for (size_t begin = 0, i = 0; i <= levels.size(); ++i) {
    if (i < levels.size() && levels[i] < limit) continue;
    const double length_s = static_cast<double>(i - begin) * seconds_per_frame;
    if (length_s >= kShortestPauseSeconds) {
      pauses.push_back({static_cast<double>(begin) * seconds_per_frame,
                        static_cast<double>(i) * seconds_per_frame});
    }
    begin = i + 1;
  }
  return pauses;
}

void keep_out_of_pauses(std::span<WordSegment> segments, std::span<const Pause> pauses,
                        const Punctuation& punctuation) {
  Keeper(segments, punctuation).keep_out(pauses);
}

}  // namespace escuta::pipeline
