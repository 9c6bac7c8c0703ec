// Phrases that a listener expects, as a trie over their tokens.
#include <algorithm>
#include <map>

#include "generate/logit_rules.h"

namespace escuta::generate {
namespace {

class BoostPhrases final : public LogitRule {
 public:
  BoostPhrases(const std::vector<std::vector<int32_t>>& phrases, double boost, int32_t text_end)
      : boost_(static_cast<float>(boost)), text_end_(text_end) {
    for (const std::vector<int32_t>& phrase : phrases) {
      size_t node = 0;
      for (const int32_t token : phrase) {
        const auto [next, made] = nodes_[node].emplace(token, nodes_.size());
        node = next->second;
        if (made) nodes_.emplace_back();
      }
      longest_ = std::max(longest_, phrase.size());
    }
  }

  void apply(std::span<const int32_t> sampled, std::span<float> logits) const override {
    std::map<int32_t, float> boosts;
    const auto follow = [&](size_t node, float boost) {
      for (const auto& [token, next] : nodes_[node]) {
        float& most = boosts[token];
        most = std::max(most, boost);
      }
    };
    follow(0, boost_ / 2);
    // A phrase may have begun at any of the last tokens.
    const size_t text = sampled.size() - text_length(sampled);
    const size_t first = sampled.size() > longest_ ? sampled.size() - longest_ : 0;
    for (size_t begin = std::max(first, text); begin < sampled.size(); ++begin) {
      if (const size_t node = walk(sampled.subspan(begin)); node != 0) follow(node, boost_);
    }
    for (const auto& [token, boost] : boosts) {
      if (token < text_end_ && static_cast<size_t>(token) < logits.size()) {
        logits[static_cast<size_t>(token)] += boost;
      }
    }
  }

 private:
  // How many of the last tokens are text: timestamps part phrases.
  size_t text_length(std::span<const int32_t> sampled) const {
    const auto last = std::find_if(sampled.rbegin(), sampled.rend(),
                                   [&](int32_t token) { return token >= text_end_; });
    return static_cast<size_t>(last - sampled.rbegin());
  }

  // The node after all of `tokens`; 0 where no phrase begins so.
  size_t walk(std::span<const int32_t> tokens) const {
    size_t node = 0;
    for (const int32_t token : tokens) {
      const auto next = nodes_[node].find(token);
      if (next == nodes_[node].end()) return 0;
      node = next->second;
    }
    return node;
  }

  float boost_;
  int32_t text_end_;
  size_t longest_ = 0;
  std::vector<std::map<int32_t, size_t>> nodes_{1};  // the first is where phrases begin
};

}  // namespace

std::unique_ptr<const LogitRule> boost_phrases(const std::vector<std::vector<int32_t>>& phrases,
                                               double boost, int32_t text_end) {
  return std::make_unique<BoostPhrases>(phrases, boost, text_end);
}

}  // namespace escuta::generate
