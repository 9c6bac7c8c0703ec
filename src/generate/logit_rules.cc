#include "generate/logit_rules.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "generate/log_prob.h"

namespace escuta::generate {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

// Forbids ids first..last-1, wherever they lie.
void forbid_range(std::span<float> logits, int64_t first, int64_t last) {
  const auto size = static_cast<int64_t>(logits.size());
  first = std::clamp<int64_t>(first, 0, size);
  last = std::clamp<int64_t>(last, first, size);
  std::fill(logits.begin() + first, logits.begin() + last, kForbidden);
}

class SuppressTokens : public LogitRule {
 public:
  explicit SuppressTokens(std::vector<int32_t> tokens) : tokens_(std::move(tokens)) {}
  void apply(std::span<const int32_t>, std::span<float> logits) const override {
    for (const int32_t token : tokens_) forbid_range(logits, token, int64_t{token} + 1);
  }

 private:
  std::vector<int32_t> tokens_;
};

class SuppressAtBegin : public LogitRule {
 public:
  explicit SuppressAtBegin(std::vector<int32_t> tokens) : rule_(std::move(tokens)) {}
  void apply(std::span<const int32_t> sampled, std::span<float> logits) const override {
    if (sampled.empty()) rule_.apply(sampled, logits);
  }

 private:
  SuppressTokens rule_;
};

class TimestampRules : public LogitRule {
 public:
  explicit TimestampRules(const TimestampTokens& tokens) : tokens_(tokens) {}

  void apply(std::span<const int32_t> sampled, std::span<float> logits) const override {
    const auto vocabulary = static_cast<int64_t>(logits.size());
    const int64_t begin = tokens_.timestamp_begin;
    if (tokens_.no_timestamps >= 0) {
      forbid_range(logits, tokens_.no_timestamps, int64_t{tokens_.no_timestamps} + 1);
    }
    if (sampled.empty()) {
      forbid_range(logits, 0, begin);
      if (tokens_.max_initial) forbid_range(logits, begin + *tokens_.max_initial + 1, vocabulary);
    } else {
      pair_up(sampled, logits);
    }
    prefer_timestamps(logits);
  }

 private:
  bool is_timestamp(int32_t token) const { return token >= tokens_.timestamp_begin; }

  // After one timestamp another or the end must follow; after two, text. Time does not go back,
  // and a segment that has begun ends later than it began, or it could loop for ever.
  void pair_up(std::span<const int32_t> sampled, std::span<float> logits) const {
    const auto vocabulary = static_cast<int64_t>(logits.size());
    const bool last = is_timestamp(sampled.back());
    const bool one_before = sampled.size() < 2 || is_timestamp(sampled[sampled.size() - 2]);
    if (last && one_before) forbid_range(logits, tokens_.timestamp_begin, vocabulary);
    if (last && !one_before) forbid_range(logits, 0, tokens_.end_of_text);
    const auto latest = std::find_if(sampled.rbegin(), sampled.rend(),
                                     [&](int32_t token) { return is_timestamp(token); });
    if (latest == sampled.rend()) return;
    const bool closes_a_segment = last && !one_before;
    const int64_t first_allowed = int64_t{*latest} + (closes_a_segment ? 0 : 1);
    forbid_range(logits, tokens_.timestamp_begin, first_allowed);
  }

  void prefer_timestamps(std::span<float> logits) const {
    const auto begin = std::min(static_cast<size_t>(tokens_.timestamp_begin), logits.size());
    const std::span<float> text = logits.first(begin);
    const std::span<float> timestamps = logits.subspan(begin);
    if (text.empty() || timestamps.empty()) return;
    if (log_sum_exp(timestamps) > largest(text)) forbid_range(logits, 0, tokens_.timestamp_begin);
  }

  TimestampTokens tokens_;
};

class NoEndBefore : public LogitRule {
 public:
  NoEndBefore(int32_t until, const TimestampTokens& tokens) : until_(until), tokens_(tokens) {}

  void apply(std::span<const int32_t> sampled, std::span<float> logits) const override {
    if (sampled.size() < 2) return;
    const int32_t last = sampled.back();
    if (last < tokens_.timestamp_begin || last >= until_) return;
    forbid_range(logits, tokens_.end_of_text, int64_t{tokens_.end_of_text} + 1);
  }

 private:
  int32_t until_;
  TimestampTokens tokens_;
};

class RepetitionPenalty : public LogitRule {
 public:
  RepetitionPenalty(double penalty, int32_t text_end)
      : penalty_(static_cast<float>(penalty)), text_end_(text_end) {}

  void apply(std::span<const int32_t> sampled, std::span<float> logits) const override {
    std::vector<int32_t> distinct(sampled.begin(), sampled.end());
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    for (const int32_t token : distinct) {
      if (token >= text_end_ || static_cast<size_t>(token) >= logits.size()) continue;
      float& logit = logits[static_cast<size_t>(token)];
      logit = logit > 0 ? logit / penalty_ : logit * penalty_;
    }
  }

 private:
  float penalty_;
  int32_t text_end_;
};

class NoRepeatedNgrams : public LogitRule {
 public:
  NoRepeatedNgrams(size_t size, int32_t text_end) : size_(size), text_end_(text_end) {}

  void apply(std::span<const int32_t> sampled, std::span<float> logits) const override {
    if (sampled.size() < size_) return;
    const std::span<const int32_t> present = sampled.last(size_ - 1);
    for (size_t i = 0; i + size_ <= sampled.size(); ++i) {
      const int32_t token = sampled[i + size_ - 1];
      if (token >= text_end_) continue;
      if (std::ranges::equal(sampled.subspan(i, size_ - 1), present)) {
        forbid_range(logits, token, int64_t{token} + 1);
      }
    }
  }

 private:
  size_t size_;
  int32_t text_end_;
};

}  // namespace

std::unique_ptr<const LogitRule> no_end_before(int32_t until, const TimestampTokens& tokens) {
  return std::make_unique<NoEndBefore>(until, tokens);
}

std::unique_ptr<const LogitRule> repetition_penalty(double penalty, int32_t text_end) {
  return std::make_unique<RepetitionPenalty>(penalty, text_end);
}

std::unique_ptr<const LogitRule> no_repeated_ngrams(size_t size, int32_t text_end) {
  return std::make_unique<NoRepeatedNgrams>(size, text_end);
}

std::unique_ptr<const LogitRule> suppress_tokens(std::vector<int32_t> tokens) {
  return std::make_unique<SuppressTokens>(std::move(tokens));
}

std::unique_ptr<const LogitRule> suppress_at_begin(std::vector<int32_t> tokens) {
  return std::make_unique<SuppressAtBegin>(std::move(tokens));
}

std::unique_ptr<const LogitRule> timestamp_rules(const TimestampTokens& tokens) {
  return std::make_unique<TimestampRules>(tokens);
}

void apply_rules(const LogitRules& rules, std::span<const int32_t> sampled,
                 std::span<float> logits) {
  for (const auto& rule : rules) rule->apply(sampled, logits);
}

}  // namespace escuta::generate
