#include "models/silero/speech_spans.h"

#include <algorithm>
#include <utility>

namespace escuta::silero {
namespace {

constexpr float kThresholdGap = 0.15f, kLeastNegThreshold = 0.01f;
constexpr int64_t kMaxMs = int64_t{1000} * 3600 * 24 * 365;

Status check_time(const char* name, int64_t ms) {
  if (ms >= 0 && ms <= kMaxMs) return {};
  return invalid_argument("{}: expected 0 to {} milliseconds, found {}", name, kMaxMs, ms);
}

Status check_probability(const char* name, float value) {
  if (value >= 0 && value <= 1) return {};  // not a number is neither
  return invalid_argument("{}: expected a probability, 0 to 1, found {}", name, value);
}

Status check(const SpanOptions& options) {
  RETURN_IF_ERROR(check_probability("threshold", options.threshold));
  if (options.neg_threshold) {
    RETURN_IF_ERROR(check_probability("neg_threshold", *options.neg_threshold));
    if (*options.neg_threshold > options.threshold) {
      return invalid_argument("neg_threshold: expected at most the threshold {}, found {}",
                              options.threshold, *options.neg_threshold);
    }
  }
  const std::pair<const char*, int64_t> times[] = {
      {"min_speech_ms", options.min_speech_ms},
      {"min_silence_ms", options.min_silence_ms},
      {"pad_ms", options.pad_ms},
      {"max_speech_ms", options.max_speech_ms},
      {"min_silence_at_max_ms", options.min_silence_at_max_ms}};
  for (const auto& [name, ms] : times) RETURN_IF_ERROR(check_time(name, ms));
  return {};
}

}  // namespace

SpanOptions SpanOptions::silero_defaults() {
  SpanOptions options;
  options.min_speech_ms = 250;
  options.min_silence_ms = 100;
  options.pad_ms = 30;
  options.cut_at_silence = CutAtSilence::kLongest;
  return options;
}

Result<SpanFinder> SpanFinder::create(const SpanOptions& options, int rate_hz, int64_t chunk) {
  RETURN_IF_ERROR(check(options));
  const auto samples = [&](int64_t ms) { return ms * rate_hz / 1000; };
  SpanFinder finder;
  finder.options_ = options;
  finder.neg_threshold_ = options.neg_threshold.value_or(
      std::min(options.threshold, std::max(options.threshold - kThresholdGap, kLeastNegThreshold)));
  finder.chunk_ = chunk;
  finder.min_speech_ = samples(options.min_speech_ms);
  finder.min_silence_ = samples(options.min_silence_ms);
  finder.min_silence_at_max_ = samples(options.min_silence_at_max_ms);
  finder.pad_ = samples(options.pad_ms);
  if (options.max_speech_ms != 0) {
    finder.limit_ = samples(options.max_speech_ms) - chunk - 2 * finder.pad_;
    if (finder.limit_ < 2 * chunk) {
      return invalid_argument(
          "max_speech_ms: expected at least {}, three chunks and the padding, or 0 for no limit; "
          "found {}",
          (3 * chunk + 2 * finder.pad_) * 1000 / rate_hz, options.max_speech_ms);
    }
  }
  return finder;
}

void SpanFinder::push(float probability) {
  const int64_t at = next_;
  next_ += chunk_;
  const bool speaks = probability >= options_.threshold;
  if (speaks) speech_returns(at);
  if (speaks && !begin_) {
    begin_ = at;
    forget_silences();
    probabilities_.clear();
  }
  if (!begin_) return;
  if (limit_ > 0 && options_.cut_without_silence == CutWithoutSilence::kLeastSpeech) {
    probabilities_.push_back(probability);
  }
  if (limit_ > 0 && at - *begin_ > limit_ && !cut(at)) return;
  if (begin_ && probability < neg_threshold_) silence_at(at);
}

void SpanFinder::speech_returns(int64_t at) {
  if (!silence_begin_) return;
  const Silence silence = {*silence_begin_, at};
  silence_begin_.reset();
  if (options_.cut_at_silence == CutAtSilence::kLast) {
    if (candidate_ && candidate_->end == 0) candidate_->end = at;
  } else if (silence.end - silence.begin > min_silence_at_max_ &&
             (!candidate_ || silence.end - silence.begin > candidate_->end - candidate_->begin)) {
    candidate_ = silence;
  }
}

void SpanFinder::silence_at(int64_t at) {
  if (!silence_begin_) silence_begin_ = at;
  const int64_t length = at - *silence_begin_;
  if (options_.cut_at_silence == CutAtSilence::kLast && length > min_silence_at_max_) {
    candidate_ = {*silence_begin_, 0};
  }
  if (length >= min_silence_) close(*silence_begin_);
}

bool SpanFinder::cut(int64_t at) {
  if (candidate_) {
    const Silence silence = *candidate_;
    // Speech that was cut within a silence begins with the rest of it.
    if (silence.begin > *begin_) spans_.push_back({*begin_, silence.begin});
    forget_silences();
    if (silence.end == 0) {
      begin_.reset();
    } else {
      continue_at(silence.end);
    }
    return true;
  }
  if (options_.cut_without_silence == CutWithoutSilence::kNow) {
    spans_.push_back({*begin_, at});
    begin_.reset();
    forget_silences();
    return false;
  }
  const auto half = probabilities_.begin() + static_cast<int64_t>(probabilities_.size() / 2);
  const auto least = std::min_element(half, probabilities_.end());
  const int64_t end = *begin_ + (least - probabilities_.begin()) * chunk_;
  spans_.push_back({*begin_, end});
  if (silence_begin_) silence_begin_ = std::max(*silence_begin_, end);
  continue_at(end);
  return true;
}

void SpanFinder::continue_at(int64_t at) {
  const int64_t gone = (at - *begin_) / chunk_;
  probabilities_.erase(
      probabilities_.begin(),
      probabilities_.begin() + std::min(gone, static_cast<int64_t>(probabilities_.size())));
  begin_ = at;
}

void SpanFinder::close(int64_t end) {
  if (end - *begin_ > min_speech_) spans_.push_back({*begin_, end});
  begin_.reset();
  forget_silences();
}

void SpanFinder::forget_silences() {
  silence_begin_.reset();
  candidate_.reset();
}

std::vector<Speech> SpanFinder::finish(int64_t samples) {
  if (begin_ && samples - *begin_ > min_speech_) spans_.push_back({*begin_, samples});
  begin_.reset();
  forget_silences();
  probabilities_.clear();
  next_ = 0;
  return padded(samples);
}

// Silence between two spans is shared where both would pad it.
std::vector<Speech> SpanFinder::padded(int64_t samples) {
  std::vector<Speech> spans = std::exchange(spans_, {});
  if (spans.empty()) return spans;
  spans.front().begin = std::max<int64_t>(0, spans.front().begin - pad_);
  spans.back().end = std::min(samples, spans.back().end + pad_);
  for (size_t i = 0; i + 1 < spans.size(); ++i) {
    const int64_t silence = spans[i + 1].begin - spans[i].end;
    const int64_t each = silence < 2 * pad_ ? silence / 2 : pad_;
    spans[i].end += each;
    spans[i + 1].begin -= each;
  }
  return spans;
}

Result<std::vector<Speech>> find_speech(std::span<const float> probabilities, int64_t samples,
                                        int rate_hz, int64_t chunk, const SpanOptions& options) {
  ASSIGN_OR_RETURN(SpanFinder finder, SpanFinder::create(options, rate_hz, chunk));
  for (const float probability : probabilities) finder.push(probability);
  return finder.finish(samples);
}

}  // namespace escuta::silero
