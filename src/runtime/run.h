// One run of a session with public inputs, and several as one. Any thread.
#pragma once

#include <escuta/runtime.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/session.h"

namespace escuta::api {

// The inputs of a run, in the session's order.
struct Bound {
  std::vector<engine::Value> values;
  std::vector<std::span<const std::byte>> borrowed;  // memory that outputs may not use
};
// InvalidArgument: a name that the model has not, one twice, too many values.
escuta::Result<Bound> bind(const engine::Session& session, const Inputs& inputs);

// The outputs of a run that are wanted.
struct Wanted {
  std::vector<size_t> outputs;  // positions, in the order asked for
  std::unique_ptr<bool[]> flags;
};
// InvalidArgument: a name that the model has not, or one twice.
escuta::Result<Wanted> choose_outputs(const engine::Session& session,
                                      std::span<const std::string> names);

engine::RunControl control_of(const RunOptions& options);

// As Runtime::run.
escuta::Result<Outputs> run_bound(const engine::Session& session, const Bound& bound,
                                  const Wanted& wanted, const engine::RunControl& control);

// As Runtime::run_batch.
std::vector<Result<Outputs>> run_items(const engine::Session& session,
                                       std::span<const Inputs> items, const RunOptions& options,
                                       Batching batching);

}  // namespace escuta::api
