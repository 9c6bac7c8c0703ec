// A graph of Silero VAD that is loaded: chunks of sound -> the probability that somebody speaks.
//
// Two kinds, told apart by their inputs: kSequence takes any number of chunks at once, with the
// state of its LSTM as `h` and `c` (what faster-whisper ships, 16 kHz); kStep takes one, with both
// in `state`, and perhaps the rate as `sr` (what silero-vad ships, 16 kHz, some of them 8 kHz too).
// Immutable; any thread; shared by the detectors of many streams.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "base/status.h"
#include "engine/session.h"

namespace escuta::silero {

class VadModel {
 public:
  // On provider cpu with one thread, which is the fastest for graphs this small.
  static engine::SessionOptions default_session();

  // The model that is part of this library.
  static Result<std::shared_ptr<const VadModel>> load(
      const engine::Registry& registry,
      const engine::SessionOptions& options = VadModel::default_session());
  // A file. InvalidArgument, with what was expected: it is not one of the two kinds, or does not
  // answer a chunk of silence with a probability and a state.
  static Result<std::shared_ptr<const VadModel>> load(
      const engine::Registry& registry, const std::filesystem::path& path,
      const engine::SessionOptions& options = VadModel::default_session());

  enum class Kind { kSequence, kStep };
  Kind kind() const { return kind_; }
  const engine::Session& session() const { return *session_; }

  // InvalidArgument for a rate that the model does not know.
  Status check_rate(int rate_hz) const;
  // New samples of a chunk, and how many of those before go with them: 32 ms and 4 ms.
  static int64_t chunk_samples(int rate_hz) { return rate_hz * 32 / 1000; }
  static int64_t context_samples(int rate_hz) { return rate_hz * 4 / 1000; }

  // What goes on from chunk to chunk of a stream: values of the inputs h and c, or state.
  using State = std::vector<engine::Value>;
  State begin() const;

  // samples: the context, then whole chunks. Appends a probability for each. DataLoss where the
  // model gives something else, such as not-a-number; the state is of no use then.
  Status run(std::span<const float> samples, int rate_hz, State& state,
             std::vector<float>& probabilities) const;

 private:
  VadModel() = default;
  static Result<std::shared_ptr<const VadModel>> of(std::shared_ptr<engine::Session> session);
  Status find_kind();
  Status probe();
  Status run_rows(Tensor rows, int rate_hz, State& state, std::vector<float>& probabilities) const;
  Status take_probabilities(const engine::Value& value, int64_t rows,
                            std::vector<float>& probabilities) const;

  std::shared_ptr<engine::Session> session_;
  Kind kind_ = Kind::kSequence;
  size_t samples_input_ = 0, probability_output_ = 0;
  std::optional<size_t> rate_input_;
  std::vector<size_t> state_inputs_, state_outputs_;
  std::vector<Shape> state_shapes_;
  bool knows_8_khz_ = false;
};

}  // namespace escuta::silero
