// Which language a file is in, from what the model says of its windows.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "models/whisper/window.h"

namespace escuta::pipeline {

struct LanguageOptions {
  std::vector<std::string> allowed = {};  // codes; empty: all that the model knows
  // A window in which one language has at least this probability decides; else another is heard, up
  // to `windows` of them, and the mean of their probabilities decides.
  double threshold = 0.5;
  size_t windows = 1;
  // Each window may have its own: that of the one before stays until another has at least
  // `threshold`.
  bool per_window = false;
};

// One thread.
class LanguageChoice {
 public:
  explicit LanguageChoice(const LanguageOptions& options) : options_(options) {}

  // All languages of the next window, the most probable first; not empty.
  void hear(std::span<const whisper::Language> languages);

  // Whether no further window needs to be heard.
  bool decided() const { return decided_; }
  // What is known so far; its probability is among the languages that are allowed.
  const whisper::Language& best() const { return best_; }

 private:
  std::vector<whisper::Language> among_allowed(std::span<const whisper::Language> languages) const;
  void add(std::span<const whisper::Language> languages);

  LanguageOptions options_;
  std::vector<whisper::Language> sums_;  // over the windows heard
  size_t heard_ = 0;
  bool decided_ = false;
  whisper::Language best_;
};

}  // namespace escuta::pipeline
