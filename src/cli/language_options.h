// The options of `escuta transcribe` that say which language is spoken.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "base/status.h"
#include "pipeline/transcribe_options.h"

namespace escuta::cli {

// As they were typed; nothing where an option was not.
struct LanguageOptions {
  std::string language = "auto";
  std::optional<std::string> allowed = {};
  std::optional<double> threshold = {};
  std::optional<size_t> windows = {};
  bool per_window = false;
};

void add_language_options(CLI::App& command, LanguageOptions& options);

// What was typed, put into `transcribe`. InvalidArgument for what is malformed, and for an option
// that would have no effect beside the others.
Status understand_language(const LanguageOptions& options, pipeline::TranscribeOptions& transcribe);

}  // namespace escuta::cli
