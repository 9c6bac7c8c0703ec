// Speech to text: a file goes in, a transcript comes out. The long-form loop over windows.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "engine/session.h"
#include "models/whisper/model.h"
#include "models/whisper/vocabulary.h"
#include "models/whisper/window.h"
#include "pipeline/feature_source.h"
#include "pipeline/transcript.h"

namespace escuta::pipeline {

struct TranscribeOptions {
  std::string language = "auto";    // a code, or auto: detected in the first window
  whisper::DecodeOptions decoding;  // its `cancelled` and `threads` are set by the Transcriber
  bool condition_on_previous_text = true;
  std::string prompt;  // text that the first window is told came before

  std::function<void(const Segment&)> on_segment;  // as each one is final
  std::function<void(double position_s, double duration_s)> on_progress;
  std::function<bool()> cancelled;
};

// Immutable; any thread; files may be transcribed at the same time.
class Transcriber {
 public:
  static Result<Transcriber> create(const engine::Registry& registry,
                                    const std::filesystem::path& model_folder,
                                    const whisper::LoadOptions& options);

  const whisper::Vocabulary& vocabulary() const { return vocabulary_; }

  // InvalidArgument where the model cannot serve a language or task: the same for every file, so
  // worth knowing before the first.
  Status check(const TranscribeOptions& options) const;

  // The whole file, never cut short. Errors of the audio carry its path; Cancelled.
  Result<Transcript> transcribe(const std::filesystem::path& path,
                                const TranscribeOptions& options) const;

 private:
  Transcriber(std::shared_ptr<const whisper::Model> model, whisper::Vocabulary vocabulary,
              std::string name, double load_ms)
      : model_(std::move(model)),
        vocabulary_(std::move(vocabulary)),
        name_(std::move(name)),
        load_ms_(load_ms) {}

  std::shared_ptr<const whisper::Model> model_;
  whisper::Vocabulary vocabulary_;
  std::string name_;
  double load_ms_;
};

}  // namespace escuta::pipeline
