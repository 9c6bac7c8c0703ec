// The options of `escuta transcribe` that say when each word is said.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "base/status.h"
#include "pipeline/transcribe_options.h"

namespace escuta::cli {

// As they were typed; nothing where an option was not.
struct WordOptions {
  bool words = false;
  std::optional<std::string> prepended = {}, appended = {};
  std::optional<double> invented_silence_s = {};
};

void add_word_options(CLI::App& command, WordOptions& options);

// What was typed, put into `transcribe`. InvalidArgument for an option that would have no effect
// beside the others.
Status understand_words(const WordOptions& typed, pipeline::TranscribeOptions& transcribe);

}  // namespace escuta::cli
