// Hears where in a stream of sound somebody speaks (Silero VAD).
//
//   ASSIGN_OR_RETURN(auto detector, SpeechDetector::create(registry, {}));
//   while (more) RETURN_IF_ERROR(detector.push(samples));
//   ASSIGN_OR_RETURN(std::vector<Speech> spans, detector.finish());
//
// One thread at a time. Memory does not grow with the stream but by its spans. The spans do not
// depend on how the stream was cut into pushes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "models/silero/speech_spans.h"
#include "models/silero/vad_model.h"

namespace escuta::silero {

class SpeechDetector {
 public:
  struct Options {
    int rate_hz = 16000;  // of the samples; 8000 where the model knows it
    SpanOptions spans;
    engine::SessionOptions session = VadModel::default_session();
  };

  // With the model that is part of this library (16 kHz). Errors as those of VadModel::load,
  // VadModel::check_rate and SpanFinder::create.
  static Result<SpeechDetector> create(const engine::Registry& registry, const Options& options);
  // With a model file.
  static Result<SpeechDetector> create(const engine::Registry& registry,
                                       const std::filesystem::path& model, const Options& options);
  // With a model that others use, too; options.session is not read.
  static Result<SpeechDetector> create(std::shared_ptr<const VadModel> model,
                                       const Options& options);

  // The next samples, mono, any number of them, -1..1. InvalidArgument for what is not a finite
  // number. After an error only finish() has a meaning.
  Status push(std::span<const float> samples);

  // The spans of the stream, ascending, apart from each other or touching; or the error of an
  // earlier push. The detector is ready for another stream.
  Result<std::vector<Speech>> finish();

  int64_t samples() const { return samples_; }  // of this stream so far

  // Keeps the probability of every chunk of 32 ms of the next streams, 4 bytes each. The last
  // stream's are there until the next push.
  void keep_probabilities() { keep_ = true; }
  std::span<const float> probabilities() const { return kept_; }

 private:
  SpeechDetector(std::shared_ptr<const VadModel> model, SpanFinder finder, int rate_hz);
  Status take(std::span<const float> samples);
  Status run_pending();
  void begin();

  std::shared_ptr<const VadModel> model_;
  SpanFinder finder_;
  int rate_hz_;
  int64_t chunk_, context_;
  bool keep_ = false;

  VadModel::State state_;
  std::vector<float> pending_;  // the context, then samples that were not heard yet
  std::vector<float> block_;    // probabilities of the last run
  std::vector<float> kept_;
  int64_t samples_ = 0;
  bool fresh_ = true;  // nothing came since finish()
  Status error_;
};

}  // namespace escuta::silero
