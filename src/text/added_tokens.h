// Finds the added tokens of a tokenizer.json ("<|en|>", "<|0.00|>") in text, before BPE sees it.
//
// Matching is leftmost-longest, then each token's own conditions apply, as in Hugging Face's
// tokenizers (added_vocabulary.rs): single_word discards a match that touches a word character,
// lstrip and rstrip take the white space beside it. Immutable after create(); any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "text/regex.h"

namespace escuta::text {

struct AddedToken {
  int32_t id = 0;
  std::string content;  // as matched: already normalised where that applies; not empty
  bool single_word = false;
  bool lstrip = false;
  bool rstrip = false;
};

class AddedTokenMatcher {
 public:
  static Result<AddedTokenMatcher> create(std::vector<AddedToken> tokens);

  // Calls `text_piece` with each non-empty stretch between tokens and `token` with each token's
  // id, in the order of the text (well-formed UTF-8).
  void split(std::string_view text, const std::function<void(std::string_view)>& text_piece,
             const std::function<void(int32_t)>& token) const;

 private:
  // A trie of the contents' bytes; children of a node form a list through `sibling`.
  struct Node {
    uint8_t byte = 0;
    int32_t child = -1;
    int32_t sibling = -1;
    int32_t token = -1;  // index into tokens_
  };
  struct Match {
    int32_t token;
    size_t length;
  };
  void insert(size_t token);
  int32_t find_child(int32_t node, uint8_t byte) const;
  std::optional<Match> longest_match(std::string_view text) const;
  bool touches_word(std::string_view before, std::string_view after) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_;
  std::optional<Regex> word_character_;  // present if a token is single_word
};

}  // namespace escuta::text
