// State of a model that is run step by step: outputs that are inputs of the next step (a
// decoder's keys and values, a recurrent h and c). It stays where the provider put it and never
// passes through the caller.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine/session.h"

namespace escuta::engine {

// One sequence of steps over a session. One thread; many may share the session.
class Stepper {
 public:
  // Pairs present_* outputs with past_* inputs by their names (graph::find_state_pairs).
  explicit Stepper(std::shared_ptr<const Session> session);

  // Sets the input `name` for all steps to come, or, for a state input, until the next step.
  // NotFound when the session has no such input.
  Status set(std::string_view name, Value value);

  // Takes over, for each state input of this session, the output of the same state in `outputs`
  // of `from` (another session, as the decoder that fills the cache; or this one).
  Status adopt(const Session& from, std::span<const Value> outputs);

  // Runs once. Returns the output `wanted_output`; state outputs become the next step's inputs.
  Result<Value> step(std::string_view wanted_output);

  const Session& session() const { return *session_; }

 private:
  std::shared_ptr<const Session> session_;
  struct Pair {
    size_t input;
    size_t output;
  };
  std::vector<Pair> pairs_;
  std::vector<Value> inputs_;
  std::vector<std::string> state_outputs_;  // per input: the name of its present_*, or ""
};

}  // namespace escuta::engine
