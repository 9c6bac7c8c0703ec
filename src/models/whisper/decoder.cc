#include "models/whisper/decoder.h"

#include <algorithm>
#include <vector>

#include "engine/rows.h"
#include "engine/state.h"
#include "models/whisper/names.h"
#include "tensor/float16.h"

namespace escuta::whisper {
namespace {

Result<engine::Value> integers(std::span<const int64_t> dims, auto values) {
  ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
  ASSIGN_OR_RETURN(Tensor tensor, Tensor::create(DType::kInt64, shape));
  std::copy(values.begin(), values.end(), tensor.as<int64_t>().begin());
  return engine::Value::of(std::move(tensor));
}

// What is fed in one step.
struct Step {
  engine::Value ids;        // [rows, n]
  engine::Value positions;  // [positions]
  std::span<const int64_t> wanted;

  static Result<Step> create(std::span<const int32_t> tokens, int64_t rows,
                             std::span<const int64_t> positions) {
    if (rows <= 0 || tokens.empty() || tokens.size() % static_cast<size_t>(rows) != 0) {
      return invalid_argument("expected as many tokens for each of {} rows, found {} in all", rows,
                              tokens.size());
    }
    Step step;
    const int64_t dims[] = {rows, static_cast<int64_t>(tokens.size()) / rows};
    ASSIGN_OR_RETURN(step.ids, integers(dims, tokens));
    const int64_t count[] = {static_cast<int64_t>(positions.size())};
    ASSIGN_OR_RETURN(step.positions, integers(count, positions));
    step.wanted = positions;
    return step;
  }
};

// logits [rows, n, V] of all tokens -> those at `positions`.
Result<engine::Value> sliced(engine::Value logits, std::span<const int64_t> positions) {
  ASSIGN_OR_RETURN(const TensorView view, logits.view());
  if (view.shape.rank() != 3) {
    return failed_precondition("decoder logits: expected [rows, n, V], found {}",
                               view.shape.to_string());
  }
  const int64_t rows = view.shape[0], n = view.shape[1];
  const auto count = static_cast<int64_t>(positions.size());
  if (count == n) return logits;
  if (n == 0 || view.bytes.empty()) return logits;
  ASSIGN_OR_RETURN(Tensor part, Tensor::create(view.dtype, {rows, count, view.shape[2]}));
  const size_t line = view.bytes.size() / static_cast<size_t>(rows * n);
  std::byte* dst = part.bytes().data();
  for (int64_t row = 0; row < rows; ++row) {
    for (const int64_t position : positions) {
      const auto at = static_cast<size_t>(row * n + position) * line;
      dst = std::copy_n(view.bytes.data() + at, line, dst);
    }
  }
  return engine::Value::of(std::move(part));
}

// Logits in host memory and f32, whatever the graph gives, at the positions that are wanted.
Result<engine::Value> host_logits(engine::Value logits, std::span<const int64_t> positions,
                                  bool all_positions) {
  if (!logits.on_host()) {
    ASSIGN_OR_RETURN(Tensor host, logits.to_host());
    logits = engine::Value::of(std::move(host));
  }
  if (all_positions) {
    ASSIGN_OR_RETURN(logits, sliced(std::move(logits), positions));
  }
  if (logits.dtype() != DType::kFloat16) return logits;
  ASSIGN_OR_RETURN(const TensorView view, logits.view());
  ASSIGN_OR_RETURN(Tensor wide, Tensor::create(DType::kFloat, view.shape));
  const auto* half = reinterpret_cast<const uint16_t*>(view.bytes.data());
  half_to_float({half, view.bytes.size() / sizeof(uint16_t)}, wide.as<float>());
  return engine::Value::of(std::move(wide));
}

bool gives_positions(const engine::Session& session) {
  return session.input_index(names::kLogitPositions).has_value();
}

// One step of a graph with state.
Result<engine::Value> run_step(engine::Stepper& stepper, const Step& step) {
  const bool chooses = gives_positions(stepper.session());
  RETURN_IF_ERROR(stepper.set(names::kInputIds, step.ids));
  if (chooses) RETURN_IF_ERROR(stepper.set(names::kLogitPositions, step.positions));
  ASSIGN_OR_RETURN(engine::Value logits, stepper.step(names::kLogits));
  return host_logits(std::move(logits), step.wanted, !chooses);
}

// The encoder's states as an input of a graph that has the cache: it reads nothing of them but, at
// most, their shape.
Status take_encoder_rows(engine::Stepper& stepper, engine::Value& states,
                         std::span<const int64_t> rows) {
  const auto index = stepper.session().input_index(names::kEncoderStates);
  if (!index || stepper.session().takes_fewer_items(*index)) return Status();
  ASSIGN_OR_RETURN(states, engine::take_rows(states, rows));
  return stepper.set(names::kEncoderStates, states);
}

class PairDecoder : public generate::StepDecoder {
 public:
  PairDecoder(std::shared_ptr<const engine::Session> first,
              std::shared_ptr<const engine::Session> with_past, engine::Value encoder_states)
      : first_(std::move(first)),
        stepper_(std::move(with_past)),
        encoder_states_(std::move(encoder_states)) {}

  Result<engine::Value> feed(std::span<const int32_t> tokens, int64_t rows,
                             std::span<const int64_t> positions) override {
    ASSIGN_OR_RETURN(const Step step, Step::create(tokens, rows, positions));
    return started_ ? run_step(stepper_, step) : start(step);
  }

  Status take_rows(std::span<const int64_t> rows) override {
    RETURN_IF_ERROR(stepper_.take_rows(rows));
    return take_encoder_rows(stepper_, encoder_states_, rows);
  }

 private:
  Result<engine::Value> start(const Step& step) {
    const bool chooses = gives_positions(*first_);
    std::vector<engine::Value> inputs(first_->inputs().size());
    inputs[first_->input_index(names::kInputIds).value()] = step.ids;
    inputs[first_->input_index(names::kEncoderStates).value()] = encoder_states_;
    if (chooses) inputs[first_->input_index(names::kLogitPositions).value()] = step.positions;
    ASSIGN_OR_RETURN(std::vector<engine::Value> outputs, first_->run(inputs));
    RETURN_IF_ERROR(stepper_.adopt(*first_, outputs));
    // Exports made without dropping it.
    if (stepper_.session().input_index(names::kEncoderStates)) {
      RETURN_IF_ERROR(stepper_.set(names::kEncoderStates, encoder_states_));
    } else {
      encoder_states_ = engine::Value();
    }
    started_ = true;
    return host_logits(std::move(outputs[first_->output_index(names::kLogits).value()]),
                       step.wanted, !chooses);
  }

  std::shared_ptr<const engine::Session> first_;
  engine::Stepper stepper_;
  engine::Value encoder_states_;
  bool started_ = false;
};

class MergedDecoder : public generate::StepDecoder {
 public:
  MergedDecoder(std::shared_ptr<const engine::Session> merged, const Config& config,
                engine::Value encoder_states)
      : stepper_(std::move(merged)), config_(config), encoder_states_(std::move(encoder_states)) {}

  Result<engine::Value> feed(std::span<const int32_t> tokens, int64_t rows,
                             std::span<const int64_t> positions) override {
    ASSIGN_OR_RETURN(const Step step, Step::create(tokens, rows, positions));
    if (!started_) RETURN_IF_ERROR(start(rows));
    RETURN_IF_ERROR(use_cache(started_));
    ASSIGN_OR_RETURN(engine::Value logits, run_step(stepper_, step));
    started_ = true;
    return logits;
  }

  Status take_rows(std::span<const int64_t> rows) override {
    RETURN_IF_ERROR(stepper_.take_rows(rows));
    return take_encoder_rows(stepper_, encoder_states_, rows);
  }

 private:
  Status use_cache(bool value) {
    const bool flag[] = {value};
    ASSIGN_OR_RETURN(Tensor tensor, Tensor::of<bool>({1}, flag));
    return stepper_.set(names::kUseCache, engine::Value::of(std::move(tensor)));
  }

  // The branch without cache does not read the past, but the graph's inputs must be there.
  Status start(int64_t rows) {
    RETURN_IF_ERROR(stepper_.set(names::kEncoderStates, encoder_states_));
    const auto inputs = stepper_.session().inputs();
    for (const engine::IoInfo& input : inputs) {
      if (!input.name.starts_with("past_key_values.")) continue;
      ASSIGN_OR_RETURN(Tensor empty, Tensor::create(input.dtype, {rows, config_.decoder_heads, 0,
                                                                  config_.head_size()}));
      RETURN_IF_ERROR(stepper_.set(input.name, engine::Value::of(std::move(empty))));
    }
    return Status();
  }

  engine::Stepper stepper_;
  Config config_;
  engine::Value encoder_states_;
  bool started_ = false;
};

}  // namespace

std::unique_ptr<generate::StepDecoder> make_pair_decoder(
    std::shared_ptr<const engine::Session> first, std::shared_ptr<const engine::Session> with_past,
    engine::Value encoder_states) {
  return std::make_unique<PairDecoder>(std::move(first), std::move(with_past),
                                       std::move(encoder_states));
}

std::unique_ptr<generate::StepDecoder> make_merged_decoder(
    std::shared_ptr<const engine::Session> merged, const Config& config,
    engine::Value encoder_states) {
  return std::make_unique<MergedDecoder>(std::move(merged), config, std::move(encoder_states));
}

}  // namespace escuta::whisper
