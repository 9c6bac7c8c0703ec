#include "pipeline/language_choice.h"

#include <algorithm>

namespace escuta::pipeline {

void LanguageChoice::hear(std::span<const whisper::Language> languages) {
  const std::vector<whisper::Language> heard = among_allowed(languages);
  ++heard_;
  const whisper::Language& most = heard.front();
  const bool sure = most.probability >= options_.threshold;
  if (options_.per_window) {
    decided_ = true;
    if (best_.code.empty() || most.code == best_.code || sure) best_ = most;
    return;
  }
  add(heard);
  const auto top = std::ranges::max_element(sums_, {}, &whisper::Language::probability);
  best_ =
      sure ? most : whisper::Language{top->code, top->probability / static_cast<double>(heard_)};
  decided_ = sure || heard_ >= options_.windows;
}

// Of those that are allowed, so that their probabilities add up to 1.
std::vector<whisper::Language> LanguageChoice::among_allowed(
    std::span<const whisper::Language> languages) const {
  std::vector<whisper::Language> kept;
  double sum = 0;
  for (const whisper::Language& one : languages) {
    if (!std::ranges::count(options_.allowed, one.code)) continue;
    kept.push_back(one);
    sum += one.probability;
  }
  if (kept.empty()) return {languages.begin(), languages.end()};
  for (whisper::Language& one : kept) one.probability = sum > 0 ? one.probability / sum : 0;
  return kept;
}

void LanguageChoice::add(std::span<const whisper::Language> languages) {
  for (const whisper::Language& one : languages) {
    const auto at = std::ranges::find(sums_, one.code, &whisper::Language::code);
    if (at == sums_.end()) {
      sums_.push_back(one);
    } else {
      at->probability += one.probability;
    }
  }
}

}  // namespace escuta::pipeline
