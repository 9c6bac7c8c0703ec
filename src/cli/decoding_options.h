// The options of `escuta transcribe` that say how words are searched for.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "models/whisper/window.h"

namespace escuta::cli {

// As they were typed; nothing where an option was not.
struct DecodingOptions {
  std::optional<size_t> beam_size, best_of, no_repeat_ngram_size;
  std::optional<double> patience, length_penalty, repetition_penalty;
  std::optional<double> compression_ratio_threshold, max_initial_timestamp;
  double logprob_threshold = -1.0, no_speech_threshold = 0.6;
  std::optional<std::string> temperatures;
  std::optional<uint64_t> seed;
};

void add_decoding_options(CLI::App& command, DecodingOptions& options);

// What was typed, put into `decoding`. InvalidArgument for what is malformed, and for an option
// that would have no effect beside the others.
Status understand_decoding(const DecodingOptions& options, whisper::DecodeOptions& decoding);

}  // namespace escuta::cli
