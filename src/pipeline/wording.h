// What was asked for in words, as tokens of the model.
#pragma once

#include <vector>

#include "models/whisper/vocabulary.h"
#include "pipeline/transcribe_options.h"

namespace escuta::pipeline {

// Text as it stands in a transcript, with a space before it.
std::vector<int32_t> tokens_of(const whisper::Vocabulary& vocabulary, std::string_view text);

// options.decoding with the hotwords and what is not to be said. InvalidArgument for a phrase
// without text, a prefix that leaves no room, or what is no regular expression.
Result<whisper::DecodeOptions> decoding_with_words(const TranscribeOptions& options,
                                                   const whisper::Vocabulary& vocabulary,
                                                   const whisper::Config& config);

}  // namespace escuta::pipeline
