#include "models/whisper/words.h"

#include <algorithm>
#include <array>

#include "text/utf8.h"

namespace escuta::whisper {
namespace {

// Runs of tokens that are whole characters. What is no character at the end adds nothing to the
// text and stays with the run before.
std::vector<WordTokens> split_characters(const text::Tokenizer& tokenizer,
                                         std::span<const int32_t> tokens) {
  std::vector<WordTokens> runs;
  std::string bytes;
  size_t count = 0;
  for (const int32_t token : tokens) {
    bytes += tokenizer.token_bytes(token);
    ++count;
    if (text::incomplete_utf8_tail(bytes) > 0) continue;
    runs.push_back({text::replace_invalid_utf8(bytes), count});
    bytes.clear();
    count = 0;
  }
  if (count == 0) return runs;
  bytes.resize(bytes.size() - text::incomplete_utf8_tail(bytes));
  if (runs.empty()) runs.emplace_back();
  runs.back().text += text::replace_invalid_utf8(bytes);
  runs.back().tokens += count;
  return runs;
}

// ASCII punctuation, with spaces around it perhaps.
bool is_punctuation(std::string_view text) {
  constexpr std::string_view kMarks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return true;
  text = text.substr(first, text.find_last_not_of(kSpace) - first + 1);
  return text.size() == 1 && kMarks.find(text) != std::string_view::npos;
}

}  // namespace

bool is_unspaced(std::string_view language) {
  constexpr std::array<std::string_view, 6> kUnspaced = {"zh", "ja", "th", "lo", "my", "yue"};
  return std::ranges::find(kUnspaced, language) != kUnspaced.end();
}

std::vector<WordTokens> split_words(const text::Tokenizer& tokenizer,
                                    std::span<const int32_t> tokens, std::string_view language) {
  std::vector<WordTokens> runs = split_characters(tokenizer, tokens);
  if (is_unspaced(language)) return runs;
  std::vector<WordTokens> words;
  for (WordTokens& run : runs) {
    if (words.empty() || run.text.starts_with(' ') || is_punctuation(run.text)) {
      words.push_back(std::move(run));
    } else {
      words.back().text += run.text;
      words.back().tokens += run.tokens;
    }
  }
  return words;
}

}  // namespace escuta::whisper
