#include "models/whisper/grammar_rule.h"

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace escuta::whisper {
namespace {

constexpr size_t kLongestToken = 256;  // bytes; longer ones are not said: the trie is that deep
constexpr float kForbidden = -std::numeric_limits<float>::infinity();

// The states of a grammar as numbers and what bytes lead to, found as it is asked for: what can be
// said after the same beginning is the same for all rows, steps and windows.
class Automaton {
 public:
  explicit Automaton(text::Grammar grammar) : grammar_(std::move(grammar)) { begin(); }

  static constexpr int kNowhere = -1;

  // May forget all states but the first; numbers are good until then.
  int begin() {
    if (next_.size() > kMostKept) {
      numbers_.clear();
      states_.clear();
      next_.clear();
    }
    if (next_.empty()) number(grammar_.begin());
    return 0;
  }
  int after(int state, uint8_t byte) {
    if (state == kNowhere) return kNowhere;
    int& next = next_[static_cast<size_t>(state)][byte];
    if (next != kUnknown) return next;
    const int found = number(grammar_.after(*states_[static_cast<size_t>(state)], byte));
    return next_[static_cast<size_t>(state)][byte] = found;
  }
  bool complete(int state) const {
    return state != kNowhere && text::Grammar::complete(*states_[static_cast<size_t>(state)]);
  }

 private:
  static constexpr int kUnknown = -2;
  static constexpr size_t kMostKept = 20'000;  // 20 MB of numbers

  int number(text::Grammar::States states) {
    if (states.empty()) return kNowhere;
    const auto [at, made] = numbers_.emplace(std::move(states), static_cast<int>(next_.size()));
    if (made) {
      states_.push_back(&at->first);
      next_.emplace_back();
      next_.back().fill(kUnknown);
    }
    return at->second;
  }

  text::Grammar grammar_;
  std::map<text::Grammar::States, int> numbers_;
  std::vector<const text::Grammar::States*> states_;
  std::vector<std::array<int, 256>> next_;
};

// The tokens of text by their bytes.
struct TokenTrie {
  struct Node {
    std::map<uint8_t, size_t> children;
    std::vector<int32_t> tokens;  // that end here
  };
  std::vector<Node> nodes{1};

  void add(std::string_view bytes, int32_t token) {
    size_t node = 0;
    for (const char c : bytes) {
      const auto [child, made] =
          nodes[node].children.emplace(static_cast<uint8_t>(c), nodes.size());
      node = child->second;
      if (made) nodes.emplace_back();
    }
    nodes[node].tokens.push_back(token);
  }
};

class GrammarRule final : public generate::LogitRule {
 public:
  GrammarRule(text::Grammar grammar, const Vocabulary& vocabulary)
      : automaton_(std::move(grammar)),
        end_(vocabulary.end_of_text()),
        timestamps_(vocabulary.timestamp_begin()) {
    for (int32_t token = 0; token < end_; ++token) {
      bytes_.emplace_back(vocabulary.tokenizer().token_bytes(token));
      const size_t size = bytes_.back().size();
      if (size > 0 && size <= kLongestToken) trie_.add(bytes_.back(), token);
    }
  }

  void apply(std::span<const int32_t> sampled, std::span<float> logits) const override {
    const std::lock_guard lock(mutex_);
    bool silent = true;
    const int state = after(sampled, silent);
    std::vector<bool> allowed(std::min(static_cast<size_t>(end_), logits.size()), false);
    allow(0, state, silent, allowed);
    for (size_t token = 0; token < allowed.size(); ++token) {
      if (!allowed[token]) logits[token] = kForbidden;
    }
    const bool complete = automaton_.complete(state);
    forbid(logits, end_, end_ + 1, complete);
    forbid(logits, timestamps_, static_cast<int64_t>(logits.size()), complete || silent);
    allow_an_end(logits);
  }

 private:
  // Where the text so far has led; `silent`: there is none.
  int after(std::span<const int32_t> sampled, bool& silent) const {
    int state = automaton_.begin();
    for (const int32_t token : sampled) {
      if (token < 0 || token >= end_) continue;
      for (const char c : bytes_[static_cast<size_t>(token)]) {
        if (!silent || c != ' ') state = automaton_.after(state, static_cast<uint8_t>(c));
        silent = false;
      }
    }
    return state;
  }

  // The tokens below `node` that go on from `state`; the very first may have a space before it.
  void allow(size_t node, int state, bool may_begin, std::vector<bool>& allowed) const {
    for (const auto& [byte, child] : trie_.nodes[node].children) {
      const bool space = may_begin && node == 0 && byte == ' ';
      const int next = space ? state : automaton_.after(state, byte);
      if (next == Automaton::kNowhere) continue;
      for (const int32_t token : trie_.nodes[child].tokens) {
        if (static_cast<size_t>(token) < allowed.size()) allowed[static_cast<size_t>(token)] = true;
      }
      allow(child, next, false, allowed);
    }
  }

  static void forbid(std::span<float> logits, int64_t first, int64_t last, bool allowed) {
    for (int64_t i = first; !allowed && i < last && i < static_cast<int64_t>(logits.size()); ++i) {
      logits[static_cast<size_t>(i)] = kForbidden;
    }
  }

  void allow_an_end(std::span<float> logits) const {
    if (static_cast<size_t>(end_) >= logits.size()) return;
    for (const float logit : logits) {
      if (logit != kForbidden) return;
    }
    logits[static_cast<size_t>(end_)] = 0;
  }

  mutable std::mutex mutex_;
  mutable Automaton automaton_;
  TokenTrie trie_;
  std::vector<std::string> bytes_;  // per token of text
  int32_t end_, timestamps_;
};

}  // namespace

std::unique_ptr<const generate::LogitRule> grammar_rule(text::Grammar grammar,
                                                        const Vocabulary& vocabulary) {
  return std::make_unique<GrammarRule>(std::move(grammar), vocabulary);
}

}  // namespace escuta::whisper
