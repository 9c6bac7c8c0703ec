// The words of a text of tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace escuta::whisper {

// What belongs to the word after it, and to the word before it (openai/whisper, transcribe.py).
inline constexpr char kPrependedPunctuation[] = "\"'“¿([{-";
inline constexpr char kAppendedPunctuation[] = "\"'.。,，!！?？:：”)]}、";

struct WordTokens {
  std::string text;  // with its leading space
  size_t tokens = 0;
};

// Whether the language is written without spaces between words; every character is a word then.
bool is_unspaced(std::string_view language);

// Tokens of text (no special ones) in words, in order: a word begins with a space, or is
// punctuation by itself. The words' texts joined are the text of the tokens. openai/whisper,
// tokenizer.py.
std::vector<WordTokens> split_words(const text::Tokenizer& tokenizer,
                                    std::span<const int32_t> tokens, std::string_view language);

}  // namespace escuta::whisper
