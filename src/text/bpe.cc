#include "text/bpe.h"

#include <queue>

namespace escuta::text {

const Bpe::Merge* Bpe::find_merge(int32_t left, int32_t right) const {
  const auto it = merges_.find(pair_key(left, right));
  return it == merges_.end() ? nullptr : &it->second;
}

std::vector<Bpe::Symbol> Bpe::symbols_of(std::string_view word) const {
  std::vector<Symbol> symbols;
  symbols.reserve(word.size());
  bool in_unknown_run = false;
  for (const char c : word) {
    const int32_t id = byte_ids_[static_cast<uint8_t>(c)];
    if (id < 0 && !unknown_.id.has_value()) continue;
    const bool fused = id < 0 && unknown_.fuse && in_unknown_run;
    in_unknown_run = id < 0;
    if (fused) continue;
    const auto index = static_cast<int32_t>(symbols.size());
    symbols.push_back({id < 0 ? *unknown_.id : id, index - 1, index + 1, false});
  }
  if (!symbols.empty()) symbols.back().next = -1;
  return symbols;
}

void Bpe::merge_all(std::vector<Symbol>* symbols) const {
  std::vector<Symbol>& word = *symbols;
  std::priority_queue<Candidate> queue;
  const auto offer = [&](int32_t position) {
    if (position < 0 || word[position].next < 0) return;
    const Merge* merge = find_merge(word[position].id, word[word[position].next].id);
    if (merge != nullptr) queue.push({merge->rank, position, merge->merged});
  };
  for (int32_t i = 0; i + 1 < static_cast<int32_t>(word.size()); ++i) offer(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol& left = word[best.position];
    if (left.gone || left.next < 0) continue;
    Symbol& right = word[left.next];
    // A neighbour may have changed since the candidate was queued.
    const Merge* merge = find_merge(left.id, right.id);
    if (merge == nullptr || merge->merged != best.merged) continue;
    left.id = best.merged;
    left.next = right.next;
    right.gone = true;
    if (left.next >= 0) word[left.next].previous = best.position;
    offer(left.previous);
    offer(best.position);
  }
}

void Bpe::encode(std::string_view word, std::vector<int32_t>* ids) const {
  std::vector<Symbol> symbols = symbols_of(word);
  merge_all(&symbols);
  for (const Symbol& symbol : symbols) {
    if (!symbol.gone) ids->push_back(symbol.id);
  }
}

}  // namespace escuta::text
