// A byte-level BPE tokenizer, read from a Hugging Face tokenizer.json: text to token ids and back.
//
// Equal to PyPI's `tokenizers` in what it supports, with one exception: a sequence of bytes that
// ends incomplete is dropped by decode() (and held back by StreamDecoder), where `tokenizers` print
// U+FFFD. Bytes that no later token could complete do become U+FFFD in both. What it does not
// support it refuses at load, by name; the truncation, padding and post-processor of the file are
// not its business, so encode() is `encode(add_special_tokens=False)`.
//
// Immutable after load; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "text/added_tokens.h"
#include "text/bpe.h"
#include "text/normalizer.h"
#include "text/splitter.h"

namespace escuta::text {

struct TokenizerFile;

class Tokenizer {
 public:
  // NotFound or PermissionDenied for the file; OutOfRange if it is over 64 MiB; InvalidArgument if
  // it is no tokenizer.json or contradicts itself; Unimplemented, with the field, for a kind of
  // tokenizer that is not supported.
  static Result<std::shared_ptr<const Tokenizer>> load(const std::filesystem::path& tokenizer_json);
  static Result<std::shared_ptr<const Tokenizer>> parse(std::string_view json);

  // The highest id + 1, added tokens included. Not every id below it need have a token.
  int32_t vocab_size() const { return static_cast<int32_t>(tokens_.size()); }

  // "<|startoftranscript|>" and the like, and the tokens of the vocabulary as the file writes them.
  std::optional<int32_t> token_to_id(std::string_view token) const;

  // As the file writes it; empty if there is none. Valid as long as the tokenizer.
  std::string_view id_to_token(int32_t id) const;

  // The bytes that the token adds to a text, perhaps a part of a character; empty if there is none.
  std::string_view token_bytes(int32_t id) const;

  bool is_special(int32_t id) const;

  // Added tokens in `text` are found. Invalid UTF-8 is replaced as Python's errors="replace" does.
  std::vector<int32_t> encode(std::string_view text) const;

  // The whole text of `ids`; ids without a token add nothing. Well-formed UTF-8.
  std::string decode(std::span<const int32_t> ids, bool skip_special = true) const;

 private:
  struct Token {
    std::string text, bytes;
    bool special = false;
    bool exists = false;
  };
  Tokenizer(Normalizer normalizer, Splitter splitter)
      : normalizer_(std::move(normalizer)), splitter_(std::move(splitter)) {}
  Status add_token(std::string text, int32_t id);
  Status add_vocabulary(TokenizerFile* file);
  Status add_added_tokens(const TokenizerFile& file);
  Status build_bpe(const TokenizerFile& file);
  Status add_merges(const TokenizerFile& file, Bpe* bpe) const;

  Normalizer normalizer_;
  Splitter splitter_;
  std::vector<Token> tokens_;                            // by id
  std::unordered_map<std::string_view, int32_t> ids_;    // keys are tokens_[id].text
  std::unordered_map<std::string_view, int32_t> words_;  // by bytes, if `ignore_merges`
  std::optional<Bpe> bpe_;
  std::optional<AddedTokenMatcher> raw_matcher_;         // on the text as given
  std::optional<AddedTokenMatcher> normalized_matcher_;  // on normalised text
};

}  // namespace escuta::text
