// The JSON files beside the graphs of a Hugging Face Whisper folder, made from what a CTranslate2
// folder has: config.json (suppress lists, languages, alignment heads) and tokenizer.json.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "convert/whisper_sizes.h"

namespace escuta::convert {

// Names and contents of tokenizer.json (as it is), config.json, generation_config.json and
// preprocessor_config.json. NotFound for a file that `folder` lacks; InvalidArgument for one that
// does not fit the sizes, such as a special token that is missing or beyond the vocabulary.
Result<std::vector<std::pair<std::string, std::string>>> make_side_files(
    const std::filesystem::path& folder, const WhisperSizes& sizes);

}  // namespace escuta::convert
