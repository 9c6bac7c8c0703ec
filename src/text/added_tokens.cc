#include "text/added_tokens.h"

#include <algorithm>

#include "text/utf8.h"

namespace escuta::text {
namespace {

// Keeps the search linear in the text: each place looks at most this far ahead.
constexpr size_t kMaxContentBytes = 1024;
constexpr size_t kMaxTotalBytes = size_t{4} << 20;  // bounds the trie

// The start of the white space at the end of `text`.
size_t trailing_space_begin(std::string_view text) {
  size_t begin = text.size();
  while (begin > 0) {
    size_t previous = begin - 1;
    while (previous > 0 && (static_cast<uint8_t>(text[previous]) & 0xC0) == 0x80) --previous;
    if (!is_white_space(decode_utf8(text.substr(previous)).value)) break;
    begin = previous;
  }
  return begin;
}

size_t leading_space_size(std::string_view text) {
  size_t size = 0;
  while (size < text.size()) {
    const CodePoint c = decode_utf8(text.substr(size));
    if (!is_white_space(c.value)) break;
    size += c.length;
  }
  return size;
}

std::string_view first_character(std::string_view text) {
  return text.empty() ? text : text.substr(0, decode_utf8(text).length);
}

std::string_view last_character(std::string_view text) {
  size_t begin = text.empty() ? 0 : text.size() - 1;
  while (begin > 0 && (static_cast<uint8_t>(text[begin]) & 0xC0) == 0x80) --begin;
  return text.substr(begin);
}

}  // namespace

Result<AddedTokenMatcher> AddedTokenMatcher::create(std::vector<AddedToken> tokens) {
  AddedTokenMatcher matcher;
  matcher.nodes_.emplace_back();
  matcher.tokens_ = std::move(tokens);
  size_t total_bytes = 0;
  for (size_t i = 0; i < matcher.tokens_.size(); ++i) {
    const AddedToken& token = matcher.tokens_[i];
    total_bytes += token.content.size();
    if (token.content.empty() || token.content.size() > kMaxContentBytes) {
      return invalid_argument("added token {}: expected a content of 1 to {} bytes, found {}",
                              token.id, kMaxContentBytes, token.content.size());
    }
    if (total_bytes > kMaxTotalBytes) {
      return invalid_argument("added tokens: expected at most {} bytes in all, found more",
                              kMaxTotalBytes);
    }
    matcher.insert(i);
  }
  if (std::any_of(matcher.tokens_.begin(), matcher.tokens_.end(),
                  [](const AddedToken& token) { return token.single_word; })) {
    // UTS 18's word characters, as Rust's regex has them: with the zero-width joiners.
    ASSIGN_OR_RETURN(matcher.word_character_,
                     Regex::compile(R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}])"));
  }
  return matcher;
}

int32_t AddedTokenMatcher::find_child(int32_t node, uint8_t byte) const {
  int32_t child = nodes_[node].child;
  while (child >= 0 && nodes_[child].byte != byte) child = nodes_[child].sibling;
  return child;
}

void AddedTokenMatcher::insert(size_t token) {
  int32_t node = 0;
  for (const char c : tokens_[token].content) {
    const auto byte = static_cast<uint8_t>(c);
    int32_t child = find_child(node, byte);
    if (child < 0) {
      child = static_cast<int32_t>(nodes_.size());
      nodes_.push_back({byte, -1, nodes_[node].child, -1});
      nodes_[node].child = child;
    }
    node = child;
  }
  nodes_[node].token = static_cast<int32_t>(token);
}

std::optional<AddedTokenMatcher::Match> AddedTokenMatcher::longest_match(
    std::string_view text) const {
  std::optional<Match> longest;
  int32_t node = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    node = find_child(node, static_cast<uint8_t>(text[i]));
    if (node < 0) break;
    if (nodes_[node].token >= 0) longest = Match{nodes_[node].token, i + 1};
  }
  return longest;
}

bool AddedTokenMatcher::touches_word(std::string_view before, std::string_view after) const {
  return !word_character_->find_all(last_character(before)).empty() ||
         !word_character_->find_all(first_character(after)).empty();
}

void AddedTokenMatcher::split(std::string_view text,
                              const std::function<void(std::string_view)>& text_piece,
                              const std::function<void(int32_t)>& token) const {
  size_t done = 0;  // what was handed out
  for (size_t at = 0; at < text.size();) {
    const std::optional<Match> match = longest_match(text.substr(at));
    if (!match.has_value()) {
      ++at;
      continue;
    }
    const AddedToken& added = tokens_[match->token];
    size_t begin = at;
    size_t end = at + match->length;
    at = end;
    if (added.single_word && touches_word(text.substr(0, begin), text.substr(end))) continue;
    if (added.lstrip) begin = std::max(done, trailing_space_begin(text.substr(0, begin)));
    if (added.rstrip) end += leading_space_size(text.substr(end));
    if (done < begin) text_piece(text.substr(done, begin - done));
    token(added.id);
    done = end;
  }
  if (done < text.size()) text_piece(text.substr(done));
}

}  // namespace escuta::text
