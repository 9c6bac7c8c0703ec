// The options of `escuta transcribe` that say which words are expected, and which are not wanted.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "base/status.h"
#include "pipeline/transcribe_options.h"

namespace escuta::cli {

// As they were typed; nothing where an option was not.
struct WordingOptions {
  std::optional<std::string> prompt = {}, prefix = {}, hotwords = {}, suppress_tokens = {},
                             suppress_regex = {}, grammar = {}, phrases = {};
  std::optional<double> hotword_boost = {};
  bool carry_prompt = false, no_condition = false, no_suppress_blank = false,
       suppress_numerals = false;
};

void add_wording_options(CLI::App& command, WordingOptions& options);

// What was typed, put into `transcribe`. InvalidArgument for what is malformed, and for an option
// that would have no effect beside the others.
Status understand_wording(const WordingOptions& options, pipeline::TranscribeOptions& transcribe);

}  // namespace escuta::cli
