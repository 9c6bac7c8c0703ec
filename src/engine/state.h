// State of a model that is run step by step: outputs that are inputs of the next step (a
// decoder's keys and values, a recurrent h and c). It stays where the provider put it and never
// passes through the caller.
#pragma once

#include <memory>
#include <span>
#include <string>
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
  // of `from` (another session, as the decoder that fills the cache; or this one). Between two
  // sessions a state is known by its name without "past" and "present"; where one keeps it as float
  // and the other as float16, it is converted.
  // FailedPrecondition when `outputs` has not all of them.
  Status adopt(const Session& from, std::span<const Value> outputs);

  // Runs once. Returns the output `wanted_output`; state outputs become the next step's inputs. One
  // without elements does not take the place of a state that has some: in steps after the first,
  // merged decoders give empty tensors for the encoder's keys and values. NotFound: no such output.
  // After an error the state is as it was.
  Result<Value> step(std::string_view wanted_output);

  // The states of the next step are these rows (items along axis 0) of the present ones, for
  // searches that go on with some hypotheses several times and with others not at all. A state that
  // rows share (Session::takes_fewer_items) is not copied for each of them. InvalidArgument for a
  // row that there is not; after another error the states are of no use.
  Status take_rows(std::span<const int64_t> rows);

  const Session& session() const { return *session_; }

 private:
  struct Pair {
    size_t input;
    size_t output;
  };
  std::shared_ptr<const Session> session_;
  std::vector<Pair> pairs_;
  std::vector<size_t> states_;      // the inputs that are states, of this session or of another
  std::vector<Value> inputs_;       // of the next step
  std::unique_ptr<bool[]> wanted_;  // per output; scratch of step()
};

}  // namespace escuta::engine
