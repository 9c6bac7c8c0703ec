#include "text/grammar.h"

#include <algorithm>
#include <set>

namespace escuta::text {
namespace {

// Ways to go on that are followed at the same time; what a grammar has beyond is not allowed.
constexpr size_t kMostStates = 4096;
constexpr size_t kMostDepth = 1024;  // of rules within rules

}  // namespace

Grammar::States Grammar::begin() const {
  States states;
  for (size_t i = 0; i < rules_[static_cast<size_t>(root_)].size(); ++i) {
    expand({{root_, static_cast<int32_t>(i), 0}}, states);
  }
  std::ranges::sort(states);
  return states;
}

Grammar::States Grammar::after(const States& states, uint8_t byte) const {
  States next;
  for (const Stack& stack : states) {
    if (stack.empty()) continue;
    const Item& top = stack.back();
    const Symbol& symbol = sequence(top)[static_cast<size_t>(top.position)];
    if (byte < symbol.low || byte > symbol.high) continue;
    Stack moved = stack;
    ++moved.back().position;
    expand(std::move(moved), next);
  }
  std::ranges::sort(next);
  next.erase(std::unique(next.begin(), next.end()), next.end());
  return next;
}

// All stacks that stand before a byte, or are empty, where this one goes.
void Grammar::expand(Stack stack, States& found) const {
  std::set<Stack> seen;
  std::vector<Stack> left = {std::move(stack)};
  while (!left.empty() && found.size() < kMostStates && seen.size() < 4 * kMostStates) {
    Stack current = std::move(left.back());
    left.pop_back();
    while (!current.empty() &&
           static_cast<size_t>(current.back().position) == sequence(current.back()).size()) {
      current.pop_back();
    }
    if (current.size() > kMostDepth || !seen.insert(current).second) continue;
    if (current.empty()) {
      found.push_back(std::move(current));
      continue;
    }
    Item& top = current.back();
    const Symbol symbol = sequence(top)[static_cast<size_t>(top.position)];
    if (symbol.rule < 0) {
      found.push_back(std::move(current));
      continue;
    }
    // A sequence that ends with the rule does not wait below it: repetition needs no depth.
    ++top.position;
    if (static_cast<size_t>(top.position) == sequence(top).size()) current.pop_back();
    const Rule& rule = rules_[static_cast<size_t>(symbol.rule)];
    for (size_t i = 0; i < rule.size(); ++i) {
      Stack inner = current;
      inner.push_back({symbol.rule, static_cast<int32_t>(i), 0});
      left.push_back(std::move(inner));
    }
  }
}

// No rule may begin with itself: expand() would not end.
Status Grammar::check() const {
  const size_t count = rules_.size();
  std::vector<bool> nullable(count, false);
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < count; ++i) {
      if (nullable[i]) continue;
      nullable[i] = std::ranges::any_of(rules_[i], [&](const Sequence& sequence) {
        return std::ranges::all_of(sequence, [&](const Symbol& symbol) {
          return symbol.rule >= 0 && nullable[static_cast<size_t>(symbol.rule)];
        });
      });
      changed |= nullable[i];
    }
  }
  // Depth first over what rules begin with; 1: on the way, 2: done.
  std::vector<int> mark(count, 0);
  const auto beginnings = [&](size_t rule) {
    std::vector<size_t> firsts;
    for (const Sequence& sequence : rules_[rule]) {
      for (const Symbol& symbol : sequence) {
        if (symbol.rule < 0) break;
        firsts.push_back(static_cast<size_t>(symbol.rule));
        if (!nullable[static_cast<size_t>(symbol.rule)]) break;
      }
    }
    return firsts;
  };
  for (size_t first = 0; first < count; ++first) {
    if (mark[first] != 0) continue;
    std::vector<std::pair<size_t, std::vector<size_t>>> path = {{first, beginnings(first)}};
    mark[first] = 1;
    while (!path.empty()) {
      auto& [rule, firsts] = path.back();
      if (firsts.empty()) {
        mark[rule] = 2;
        path.pop_back();
        continue;
      }
      const size_t next = firsts.back();
      firsts.pop_back();
      if (mark[next] == 1) {
        return invalid_argument(
            "expected rules that begin with something else than themselves, found one that does"
            " not (or a repetition of what may be empty)");
      }
      if (mark[next] == 0) {
        mark[next] = 1;
        path.emplace_back(next, beginnings(next));
      }
    }
  }
  return Status();
}

}  // namespace escuta::text
