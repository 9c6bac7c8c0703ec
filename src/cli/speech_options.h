// The options of `escuta transcribe` that say which parts of a file are heard at all.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "models/silero/speech_spans.h"

namespace escuta::cli {

// As they were typed; nothing where an option was not.
struct SpeechOptions {
  bool vad = true;
  std::string model;  // empty: the one that is part of the program
  std::optional<float> threshold;
  std::optional<int64_t> min_speech_ms, min_silence_ms, pad_ms;
};

void add_speech_options(CLI::App& command, SpeechOptions& options);

// What was typed. InvalidArgument for an option that --no-vad leaves without effect.
Result<silero::SpanOptions> understand_speech(const SpeechOptions& options);

}  // namespace escuta::cli
