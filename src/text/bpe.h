// Byte-pair encoding of one word: the "BPE" model of a tokenizer.json, byte-level.
//
// Sennrich, Haddow and Birch, "Neural machine translation of rare words with subword units" (2016):
// the pair with the lowest rank is merged first, the leftmost of equals. Pairs wait in a priority
// queue, so a word of n bytes costs O(n log n). Immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace escuta::text {

class Bpe {
 public:
  // What a byte without a token of its own becomes.
  struct Unknown {
    std::optional<int32_t> id;  // none: the byte is dropped
    bool fuse = false;          // a run of such bytes becomes one token
  };

  // byte_ids: the token of each byte, -1 for none.
  Bpe(const std::array<int32_t, 256>& byte_ids, Unknown unknown)
      : byte_ids_(byte_ids), unknown_(unknown) {}

  void reserve(size_t merges) { merges_.reserve(merges); }

  // The tokens `left` and `right`, side by side, become `merged`; of two merges the one with the
  // lower rank goes first. Of the same pair given twice, the later one holds.
  void add_merge(int32_t left, int32_t right, int32_t rank, int32_t merged) {
    merges_.insert_or_assign(pair_key(left, right), Merge{rank, merged});
  }

  // Appends the tokens of `word` to `ids`.
  void encode(std::string_view word, std::vector<int32_t>* ids) const;

 private:
  struct Merge {
    int32_t rank, merged;
  };
  struct Symbol {
    int32_t id;
    int32_t previous, next;  // indexes of the neighbours that are left; -1 at the ends
    bool gone;
  };
  struct Candidate {
    int32_t rank, position, merged;
    // std::priority_queue gives the greatest first.
    bool operator<(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };
  struct PairHash {
    size_t operator()(uint64_t key) const { return (key * 0x9E3779B97F4A7C15u) >> 16; }
  };
  static uint64_t pair_key(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  const Merge* find_merge(int32_t left, int32_t right) const;
  std::vector<Symbol> symbols_of(std::string_view word) const;
  void merge_all(std::vector<Symbol>* symbols) const;

  std::array<int32_t, 256> byte_ids_;
  Unknown unknown_;
  std::unordered_map<uint64_t, Merge, PairHash> merges_;
};

}  // namespace escuta::text
