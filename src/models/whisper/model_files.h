// Where the graphs of a model folder are: the layout that Hugging Face's exporters write.
#pragma once

#include <filesystem>
#include <string>

#include "base/status.h"

namespace escuta::whisper {

// Which form of decoder to use where a folder has both.
enum class DecoderForm {
  kAuto,    // the pair, else the merged one
  kPair,    // decoder_model + decoder_with_past_model
  kMerged,  // decoder_model_merged, with its `use_cache_branch` input
};

struct ModelFiles {
  std::filesystem::path encoder;
  std::filesystem::path decoder;            // decoder_model or decoder_model_merged
  std::filesystem::path decoder_with_past;  // empty when merged
  bool merged() const { return decoder_with_past.empty(); }
};

// Looks in `folder` and `folder`/onnx. `variant` is the suffix of the file names ("fp16" finds
// encoder_model_fp16.onnx). Without one: the files that have no suffix, else the only variant
// there is. NotFound: the message says which file was expected and which variants there are.
Result<ModelFiles> find_model_files(const std::filesystem::path& folder, const std::string& variant,
                                    DecoderForm form);

}  // namespace escuta::whisper
