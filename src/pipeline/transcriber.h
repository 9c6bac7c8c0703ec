// Speech to text: a file goes in, a transcript comes out. The long-form loop over windows.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/status.h"
#include "engine/session.h"
#include "models/whisper/model.h"
#include "models/whisper/vocabulary.h"
#include "pipeline/transcribe_options.h"
#include "pipeline/transcript.h"

namespace escuta::pipeline {

// Immutable; any thread; files may be transcribed at the same time.
class Transcriber {
 public:
  static Result<Transcriber> create(const engine::Registry& registry,
                                    const std::filesystem::path& model_folder,
                                    const whisper::LoadOptions& options);

  const whisper::Vocabulary& vocabulary() const { return vocabulary_; }

  // InvalidArgument where the model cannot serve what is asked for: the same for every file, so
  // worth knowing before the first.
  Status check(const TranscribeOptions& options) const;

  // The whole file, never cut short. Errors of the audio carry its path; Cancelled.
  Result<Transcript> transcribe(const std::filesystem::path& path,
                                const TranscribeOptions& options) const;

  // Several files, in the order that `next` gives them; windows of several are decoded together
  // where options.batch_size is over 1. done(i, result) is called for each, in order, and says
  // whether to go on.
  void transcribe_all(const NextInput& next, const TranscribeOptions& options,
                      const std::function<bool(size_t, Result<Transcript>)>& done) const;

 private:
  Transcriber(std::shared_ptr<const whisper::Model> model, whisper::Vocabulary vocabulary,
              std::string name, int threads, double load_ms)
      : model_(std::move(model)),
        vocabulary_(std::move(vocabulary)),
        name_(std::move(name)),
        threads_(threads),
        load_ms_(load_ms) {}

  // options.decoding as it is used, with everything that was asked for in words; or check()'s
  // error.
  Result<whisper::DecodeOptions> understood(const TranscribeOptions& options) const;
  Status check_detection(const TranscribeOptions& options) const;

  std::shared_ptr<const whisper::Model> model_;
  whisper::Vocabulary vocabulary_;
  std::string name_;
  int threads_;
  double load_ms_;
};

}  // namespace escuta::pipeline
