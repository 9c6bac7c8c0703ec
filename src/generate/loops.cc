#include "generate/loops.h"

#include <algorithm>
#include <vector>

namespace escuta::generate {
namespace {

constexpr size_t kLongestRun = 40, kLeastTimes = 5, kLeastTokens = 20;

// How many of the last tokens repeat what stands `run` before them.
size_t repeated(std::span<const size_t> text, std::span<const int32_t> tokens, size_t run) {
  size_t count = 0;
  while (count + run < text.size() &&
         tokens[text[text.size() - 1 - count]] == tokens[text[text.size() - 1 - count - run]]) {
    ++count;
  }
  return count;
}

}  // namespace

std::optional<size_t> find_loop(std::span<const int32_t> tokens, int32_t text_end) {
  std::vector<size_t> text;  // where it stands
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < text_end) text.push_back(i);
  }
  for (size_t run = 1; run <= std::min(kLongestRun, text.size() / kLeastTimes); ++run) {
    const size_t looping = repeated(text, tokens, run) + run;
    if (looping < std::max(run * kLeastTimes, kLeastTokens)) continue;
    return text[text.size() - looping + run];
  }
  return std::nullopt;
}

}  // namespace escuta::generate
