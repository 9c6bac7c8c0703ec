// The files of one call, each opened and measured while the one before it is transcribed.
#pragma once

#include <future>
#include <optional>

#include "pipeline/file_run.h"

namespace escuta::pipeline {

// One thread. One file is taken from `next` ahead of the one that is at hand.
class OpenAhead {
 public:
  struct Opened {
    size_t number;  // from 0 in the order taken
    Result<FileRun> run;
  };

  // The Recognizer outlives it. Its end waits for a file that is being opened.
  OpenAhead(const Recognizer& recognizer, NextInput next)
      : recognizer_(recognizer), next_(std::move(next)) {}

  // Nothing after the last file.
  std::optional<Opened> next();

 private:
  void begin();

  const Recognizer& recognizer_;
  NextInput next_;
  size_t taken_ = 0;
  std::optional<std::future<Result<FileRun>>> ahead_;
};

}  // namespace escuta::pipeline
