// The hypotheses of one window: which tokens they go on with, and which is the best in the end.
//
// Beam search and ranking are those of openai/whisper's decoding.py (BeamSearchDecoder,
// MaximumLikelihoodRanker), which its published results were made with. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace escuta::generate {

struct Hypothesis {
  std::vector<int32_t> tokens;  // without the prompt and the end token
  double sum_log_prob = 0;      // of tokens and, when it was reached, the end token
  bool ended = false;           // by the end token
  bool open = true;             // goes on
  size_t parent = 0;            // the hypothesis of the step before that this one goes on from
};

// Logits of what may follow a hypothesis; the log probability of a token is logits[token] -
// log_sum. No logits for one that is not open.
struct NextToken {
  std::span<const float> logits;
  double log_sum = 0;
};

class Hypotheses {
 public:
  virtual ~Hypotheses() = default;

  // Always as many as the search is wide, but one before the first step.
  std::span<const Hypothesis> all() const { return all_; }
  bool done() const { return done_; }

  // Goes one token further; next[i] is for hypothesis i.
  virtual void advance(std::span<const NextToken> next) = 0;

  // What was found, best first; not empty.
  virtual std::vector<Hypothesis> found() const = 0;

 protected:
  std::vector<Hypothesis> all_ = std::vector<Hypothesis>(1);
  bool done_ = false;
};

// `width` hypotheses that go their own ways: the most probable token at temperature 0, else tokens
// drawn from softmax(logits / temperature). The draws of hypothesis i depend on seed, i and the
// number of draws before alone.
std::unique_ptr<Hypotheses> sampled_hypotheses(size_t width, double temperature, uint64_t seed,
                                               int32_t end_token,
                                               std::optional<double> length_penalty);

// The `width` most probable ones, until round(width * patience) have ended.
std::unique_ptr<Hypotheses> beam_hypotheses(size_t width, double patience, int32_t end_token,
                                            std::optional<double> length_penalty);

// sum_log_prob divided by the length or, with a penalty p, by ((5 + length) / 6)^p (Wu et al.,
// 2016).
double rank(const Hypothesis& hypothesis, std::optional<double> length_penalty);

}  // namespace escuta::generate
