// Hypotheses that go their own ways: greedy search, and sampling with a temperature.
#include <algorithm>

#include "generate/hypotheses.h"
#include "generate/log_prob.h"

namespace escuta::generate {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014): a step and its mix, whose state is a plain number.
uint64_t mixed(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// From 0 to below 1, in 2^53 steps.
double uniform(uint64_t seed, size_t hypothesis, size_t draw) {
  const uint64_t bits = mixed(mixed(mixed(seed) + hypothesis) + draw);
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

class SampledHypotheses final : public Hypotheses {
 public:
  SampledHypotheses(size_t width, double temperature, uint64_t seed, int32_t end_token,
                    std::optional<double> length_penalty)
      : width_(width),
        temperature_(temperature),
        seed_(seed),
        end_token_(end_token),
        length_penalty_(length_penalty) {}

  void advance(std::span<const NextToken> next) override {
    const bool first = all_.size() < width_;
    if (first) all_.resize(width_);
    done_ = true;
    for (size_t i = 0; i < width_; ++i) {
      Hypothesis& hypothesis = all_[i];
      hypothesis.parent = first ? 0 : i;
      if (!hypothesis.open) continue;
      go_on(i, next[hypothesis.parent], hypothesis);
      done_ = done_ && !hypothesis.open;
    }
  }

  std::vector<Hypothesis> found() const override {
    std::vector<Hypothesis> found = all_;
    std::stable_sort(found.begin(), found.end(), [&](const Hypothesis& a, const Hypothesis& b) {
      return rank(a, length_penalty_) > rank(b, length_penalty_);
    });
    return found;
  }

 private:
  void go_on(size_t i, const NextToken& next, Hypothesis& hypothesis) const {
    const size_t step = hypothesis.tokens.size();
    const int32_t token = temperature_ > 0
                              ? draw(next.logits, temperature_, uniform(seed_, i, step))
                              : arg_max(next.logits);
    hypothesis.sum_log_prob += next.logits[static_cast<size_t>(token)] - next.log_sum;
    hypothesis.ended = token == end_token_;
    hypothesis.open = !hypothesis.ended;
    if (hypothesis.open) hypothesis.tokens.push_back(token);
  }

  size_t width_;
  double temperature_;
  uint64_t seed_;
  int32_t end_token_;
  std::optional<double> length_penalty_;
};

}  // namespace

std::unique_ptr<Hypotheses> sampled_hypotheses(size_t width, double temperature, uint64_t seed,
                                               int32_t end_token,
                                               std::optional<double> length_penalty) {
  return std::make_unique<SampledHypotheses>(width, temperature, seed, end_token, length_penalty);
}

}  // namespace escuta::generate
