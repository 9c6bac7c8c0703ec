// A Whisper model that is loaded: encoder and decoder on whichever provider was chosen.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/session.h"
#include "generate/step_decoder.h"
#include "models/whisper/config.h"
#include "models/whisper/forced_text.h"
#include "models/whisper/model_files.h"

namespace escuta::whisper {

struct LoadOptions {
  std::string variant;  // suffix of the graph files, see find_model_files
  DecoderForm decoder = DecoderForm::kAuto;
  engine::SessionOptions session;
  // The decoder also tells where it looks, for align_tokens(). Exports without attention outputs
  // get them by a rewrite.
  bool align = false;
};

// Immutable; any thread; many windows may be decoded at once.
class Model {
 public:
  // Reads the folder's configuration and graphs and checks them against each other: number of
  // layers, heads, sizes, names of inputs and outputs.
  static Result<std::shared_ptr<const Model>> load(const engine::Registry& registry,
                                                   const std::filesystem::path& folder,
                                                   const LoadOptions& options);

  const Config& config() const { return config_; }

  // Which provider runs what, over all graphs of the model.
  std::vector<engine::Placement> placements() const;

  // mel [1, n_mels, window_frames] f32, normalised -> encoder states [1, max_source_positions, D].
  Result<engine::Value> encode(Tensor mel) const;

  // A decoder at the beginning of a sequence over these encoder states. It borrows the model.
  std::unique_ptr<generate::StepDecoder> decoder(engine::Value encoder_states) const;

  // Whether force() can be used: the model was loaded to align.
  bool aligns() const { return aligns_; }
  // force_text() of this model.
  Result<ForcedText> force(const engine::Value& encoder_states, std::span<const int32_t> tokens,
                           std::span<const int64_t> positions) const;

 private:
  Model() = default;
  Status check_encoder() const;
  Status check_decoder(const engine::Session& session, bool with_past) const;
  Status check_alignment_heads() const;
  // The decoder that fills the cache.
  Status load_first(const engine::Registry& registry, const std::filesystem::path& file,
                    const engine::SessionOptions& options);

  Config config_;
  bool aligns_ = false;
  std::shared_ptr<const engine::Session> encoder_;
  std::shared_ptr<const engine::Session> decoder_;    // decoder_model or decoder_model_merged
  std::shared_ptr<const engine::Session> with_past_;  // null when merged
};

}  // namespace escuta::whisper
