// CTranslate2's Whisper checkpoints -> ONNX folders in the layout of Hugging Face's exporters.
#pragma once

#include <filesystem>

#include "base/status.h"
#include "tensor/dtype.h"

namespace escuta::convert {

struct ImportOptions {
  // kFloat, or kFloat16: files get the suffix _fp16, so that both fit in one folder.
  DType dtype = DType::kFloat;
  // One decoder_model_merged (an If over use_cache_branch) instead of decoder_model and
  // decoder_with_past_model.
  bool merged = false;
};

// Reads model.bin, config.json and tokenizer.json of `src`; writes encoder_model, the decoder
// graphs and their weights (encoder.onnx_data, decoder.onnx_data), tokenizer.json, config.json,
// generation_config.json and preprocessor_config.json to `dst`, all of them or none. What `dst`
// holds of an earlier import is replaced. Memory: the largest tensor a few times (large-v3:
// the embedding, 0.3 GB as f32), whatever the model's size.
//
// The message of an error starts with the path that it is about. Any thread.
Status import_whisper(const std::filesystem::path& src, const std::filesystem::path& dst,
                      const ImportOptions& options);

}  // namespace escuta::convert
