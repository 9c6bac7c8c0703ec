#include "engine/state.h"

#include <algorithm>

#include "engine/rows.h"
#include "graph/state.h"
#include "tensor/float16.h"

namespace escuta::engine {
namespace {

// The output of `session` that is state `name` of another session.
std::optional<size_t> present_of(const Session& session, const std::string& name) {
  const auto outputs = session.outputs();
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (graph::present_state_name(outputs[i].name) == name) return i;
  }
  return std::nullopt;
}

// A state as another session keeps it: float or float16 (where what is too large becomes the
// largest number). Other types are as they are.
Result<Value> state_as(DType dtype, Value state) {
  const bool widens = state.dtype() == DType::kFloat16 && dtype == DType::kFloat;
  const bool narrows = state.dtype() == DType::kFloat && dtype == DType::kFloat16;
  if (!widens && !narrows) return state;
  ASSIGN_OR_RETURN(Tensor tensor, state.to_host());
  ASSIGN_OR_RETURN(Tensor result, Tensor::create(dtype, tensor.shape()));
  Tensor& halves = widens ? tensor : result;
  const std::span half(reinterpret_cast<uint16_t*>(halves.bytes().data()),
                       halves.bytes().size() / sizeof(uint16_t));
  if (widens) {
    half_to_float(half, result.as<float>());
  } else {
    constexpr float kMost = 65504;
    for (float& x : tensor.as<float>()) x = std::clamp(x, -kMost, kMost);
    float_to_half(tensor.as<float>(), half);
  }
  return Value::of(std::move(result));
}

}  // namespace

Stepper::Stepper(std::shared_ptr<const Session> session)
    : session_(std::move(session)),
      inputs_(session_->inputs().size()),
      wanted_(std::make_unique<bool[]>(session_->outputs().size())) {
  const graph::Graph& graph = session_->model().graph;
  for (const graph::StatePair& pair : graph::find_state_pairs(graph)) {
    // A provider may list inputs and outputs in an order of its own.
    const auto input = session_->input_index(graph.value(graph.inputs[pair.input]).name);
    const auto output = session_->output_index(graph.value(graph.outputs[pair.output]).name);
    if (input && output) pairs_.push_back({*input, *output});
  }
  const auto inputs = session_->inputs();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool paired = std::any_of(pairs_.begin(), pairs_.end(),
                                    [&](const Pair& pair) { return pair.input == i; });
    if (paired || graph::past_state_name(inputs[i].name)) states_.push_back(i);
  }
}

Status Stepper::set(std::string_view name, Value value) {
  const auto index = session_->input_index(name);
  if (!index) {
    std::string known;
    for (const IoInfo& io : session_->inputs()) known += (known.empty() ? "" : ", ") + io.name;
    return not_found("{}: expected an input `{}`, found {}", session_->model().path.string(), name,
                     known);
  }
  inputs_[*index] = std::move(value);
  return Status();
}

Status Stepper::adopt(const Session& from, std::span<const Value> outputs) {
  std::vector<std::pair<size_t, size_t>> moves;  // input of this session, output of `from`
  if (&from == session_.get()) {
    for (const Pair& pair : pairs_) moves.emplace_back(pair.input, pair.output);
  } else {
    const auto inputs = session_->inputs();
    for (size_t i = 0; i < inputs.size(); ++i) {
      const auto name = graph::past_state_name(inputs[i].name);
      if (!name) continue;
      const auto output = present_of(from, *name);
      if (!output) {
        return failed_precondition("{}: expected an output for the state `{}` of {}, found none",
                                   from.model().path.string(), *name,
                                   session_->model().path.string());
      }
      moves.emplace_back(i, *output);
    }
  }
  for (const auto& [input, output] : moves) {
    if (output >= outputs.size() || !outputs[output]) {
      return failed_precondition("expected the state `{}` among the outputs, found no value",
                                 from.outputs()[output].name);
    }
  }
  const auto inputs = session_->inputs();
  std::vector<Value> states;
  for (const auto& [input, output] : moves) {
    ASSIGN_OR_RETURN(Value state, state_as(inputs[input].dtype, outputs[output]));
    states.push_back(std::move(state));
  }
  for (size_t i = 0; i < moves.size(); ++i) inputs_[moves[i].first] = std::move(states[i]);
  return Status();
}

Status Stepper::take_rows(std::span<const int64_t> rows) {
  int64_t count = 0;
  for (const size_t i : states_) {
    if (inputs_[i] && inputs_[i].shape().rank() > 0) count = std::max(count, inputs_[i].shape()[0]);
  }
  for (const int64_t row : rows) {
    if (row < 0 || row >= count) {
      return invalid_argument("expected rows of a state of {} rows, found row {}", count, row);
    }
  }
  for (const size_t i : states_) {
    if (!inputs_[i] || inputs_[i].shape().rank() == 0) continue;
    const int64_t items = inputs_[i].shape()[0];
    if (items == 0 || count % items != 0) {
      return failed_precondition(
          "`{}`: expected a state of {} rows, or of a part of them, found {}",
          session_->inputs()[i].name, count, items);
    }
    std::vector<int64_t> taken(rows.begin(), rows.end());
    if (session_->takes_fewer_items(i)) {
      taken = shared_items(rows, count / items);
    } else if (items != count) {
      for (int64_t& row : taken) row /= count / items;
    }
    ASSIGN_OR_RETURN(inputs_[i], engine::take_rows(std::move(inputs_[i]), taken));
  }
  return Status();
}

Result<Value> Stepper::step(std::string_view wanted_output) {
  const auto wanted = session_->output_index(wanted_output);
  if (!wanted) {
    return not_found("{}: expected an output `{}`, found none", session_->model().path.string(),
                     wanted_output);
  }
  const size_t count = session_->outputs().size();
  std::fill_n(wanted_.get(), count, false);
  wanted_[*wanted] = true;
  for (const Pair& pair : pairs_) wanted_[pair.output] = true;
  std::vector<Value> outputs(count);
  RunControl control;
  control.state_stays = true;
  RETURN_IF_ERROR(session_->run(inputs_, {wanted_.get(), count}, outputs, control));
  Value result = outputs[*wanted];
  if (!result.on_host() && result.storage() == nullptr) {
    ASSIGN_OR_RETURN(Datum dense, result.datum().to_dense());
    result = Value::of(std::move(dense));
  }
  for (const Pair& pair : pairs_) {
    Value& state = inputs_[pair.input];
    Value& next = outputs[pair.output];
    const bool vanishes = state && state.shape().count() > 0 && next.shape().count() == 0;
    if (!vanishes) state = std::move(next);
  }
  return result;
}

}  // namespace escuta::engine
