// Beam search over one window's hypotheses.
#include <algorithm>
#include <cmath>

#include "generate/hypotheses.h"
#include "generate/log_prob.h"

namespace escuta::generate {
namespace {

class BeamHypotheses final : public Hypotheses {
 public:
  BeamHypotheses(size_t width, double patience, int32_t end_token,
                 std::optional<double> length_penalty)
      : width_(width),
        // Halves go to the even number, as Python rounds them.
        enough_(static_cast<size_t>(
            std::max(std::nearbyint(static_cast<double>(width) * patience), 1.0))),
        end_token_(end_token),
        length_penalty_(length_penalty) {}

  void advance(std::span<const NextToken> next) override {
    const std::vector<Continuation> sorted = continuations(next);
    std::vector<Continuation> chosen;
    for (const Continuation& best : sorted) {
      if (best.token == end_token_) {
        end(best);
      } else {
        chosen.push_back(best);
        if (chosen.size() == width_) break;
      }
    }
    place(chosen);
    done_ = ended_.size() >= enough_ || chosen.empty();
  }

  std::vector<Hypothesis> found() const override {
    std::vector<Hypothesis> found = ended_;
    if (found.size() < width_) add_open(found);
    std::stable_sort(found.begin(), found.end(), [&](const Hypothesis& a, const Hypothesis& b) {
      return rank(a, length_penalty_) > rank(b, length_penalty_);
    });
    return found;
  }

 private:
  struct Continuation {
    double sum_log_prob = 0;
    size_t parent = 0;
    int32_t token = 0;
  };

  // Of each hypothesis one more than the beam is wide: one may be the end.
  std::vector<Continuation> continuations(std::span<const NextToken> next) const {
    std::vector<Continuation> list;
    for (size_t i = 0; i < all_.size(); ++i) {
      if (!all_[i].open) continue;
      for (const int32_t token : top(next[i].logits, width_ + 1)) {
        const double log_prob = next[i].logits[static_cast<size_t>(token)] - next[i].log_sum;
        list.push_back({all_[i].sum_log_prob + log_prob, i, token});
      }
    }
    std::stable_sort(list.begin(), list.end(), [](const Continuation& a, const Continuation& b) {
      return a.sum_log_prob > b.sum_log_prob;
    });
    return list;
  }

  void end(const Continuation& with) {
    if (ended_.size() >= enough_) return;
    Hypothesis hypothesis = all_[with.parent];
    hypothesis.sum_log_prob = with.sum_log_prob;
    hypothesis.ended = true;
    hypothesis.open = false;
    ended_.push_back(std::move(hypothesis));
  }

  // The best continuation of a hypothesis takes its place, so that its state need not be moved; the
  // others take the places of those that do not go on. Places that nobody needs are closed.
  void place(const std::vector<Continuation>& chosen) {
    std::vector<const Continuation*> places(width_, nullptr);
    std::vector<const Continuation*> others;
    for (const Continuation& best : chosen) {
      const Continuation*& own = places[best.parent];
      if (own == nullptr) {
        own = &best;
      } else {
        others.push_back(&best);
      }
    }
    size_t free = 0;
    for (const Continuation* other : others) {
      while (places[free] != nullptr) ++free;
      places[free] = other;
    }
    std::vector<Hypothesis> after(width_);
    for (size_t i = 0; i < width_; ++i) {
      after[i].parent = i < all_.size() ? i : 0;
      after[i].open = places[i] != nullptr;
      if (!after[i].open) continue;
      after[i].parent = places[i]->parent;
      after[i].tokens = all_[places[i]->parent].tokens;
      after[i].tokens.push_back(places[i]->token);
      after[i].sum_log_prob = places[i]->sum_log_prob;
    }
    all_ = std::move(after);
  }

  // Where too few have ended, the best that have not stand for them.
  void add_open(std::vector<Hypothesis>& found) const {
    std::vector<const Hypothesis*> open;
    for (const Hypothesis& hypothesis : all_) {
      if (hypothesis.open) open.push_back(&hypothesis);
    }
    std::stable_sort(open.begin(), open.end(), [](const Hypothesis* a, const Hypothesis* b) {
      return a->sum_log_prob > b->sum_log_prob;
    });
    for (const Hypothesis* hypothesis : open) {
      if (found.size() == width_) break;
      found.push_back(*hypothesis);
    }
    if (found.empty()) found.emplace_back();
  }

  size_t width_, enough_;
  int32_t end_token_;
  std::optional<double> length_penalty_;
  std::vector<Hypothesis> ended_;
};

}  // namespace

std::unique_ptr<Hypotheses> beam_hypotheses(size_t width, double patience, int32_t end_token,
                                            std::optional<double> length_penalty) {
  return std::make_unique<BeamHypotheses>(width, patience, end_token, length_penalty);
}

}  // namespace escuta::generate
