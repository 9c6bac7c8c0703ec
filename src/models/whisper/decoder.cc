#include "models/whisper/decoder.h"

#include <algorithm>
#include <vector>

#include "engine/rows.h"
#include "engine/state.h"
#include "graph/state.h"
#include "models/whisper/decoder_values.h"
#include "models/whisper/names.h"

namespace escuta::whisper {
namespace {

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
    RETURN_IF_ERROR(want_no_heads(*first_, inputs));
    const std::span<const engine::IoInfo> infos = first_->outputs();
    const auto wanted = std::make_unique<bool[]>(infos.size());
    for (size_t i = 0; i < infos.size(); ++i) {
      wanted[i] = infos[i].name == names::kLogits || graph::present_state_name(infos[i].name);
    }
    ASSIGN_OR_RETURN(std::vector<engine::Value> outputs,
                     first_->run(inputs, {wanted.get(), infos.size()}));
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
    ASSIGN_OR_RETURN(engine::Value flag, boolean(value));
    return stepper_.set(names::kUseCache, std::move(flag));
  }

  // The branch without cache does not read the past, but the graph's inputs must be there.
  Status start(int64_t rows) {
    const engine::Session& session = stepper_.session();
    std::vector<engine::Value> inputs(session.inputs().size());
    inputs[session.input_index(names::kEncoderStates).value()] = encoder_states_;
    RETURN_IF_ERROR(want_no_heads(session, inputs));
    RETURN_IF_ERROR(give_no_past(session, config_, rows, inputs));
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i]) RETURN_IF_ERROR(stepper_.set(session.inputs()[i].name, std::move(inputs[i])));
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
