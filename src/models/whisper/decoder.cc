#include "models/whisper/decoder.h"

#include <vector>

#include "engine/state.h"
#include "models/whisper/names.h"
#include "tensor/float16.h"

namespace escuta::whisper {
namespace {

Result<engine::Value> input_ids(std::span<const int32_t> tokens) {
  ASSIGN_OR_RETURN(Tensor ids,
                   Tensor::create(DType::kInt64, {1, static_cast<int64_t>(tokens.size())}));
  std::copy(tokens.begin(), tokens.end(), ids.as<int64_t>().begin());
  return engine::Value::of(std::move(ids));
}

// Logits in host memory and f32, whatever the graph gives.
Result<engine::Value> host_logits(engine::Value logits) {
  if (logits.dtype() == DType::kFloat && logits.on_host()) return logits;
  ASSIGN_OR_RETURN(Tensor host, logits.to_host());
  if (host.dtype() != DType::kFloat16) return engine::Value::of(std::move(host));
  ASSIGN_OR_RETURN(Tensor wide, Tensor::create(DType::kFloat, host.shape()));
  const auto* half = reinterpret_cast<const uint16_t*>(host.bytes().data());
  half_to_float({half, host.bytes().size() / sizeof(uint16_t)}, wide.as<float>());
  return engine::Value::of(std::move(wide));
}

class PairDecoder : public generate::StepDecoder {
 public:
  PairDecoder(std::shared_ptr<const engine::Session> first,
              std::shared_ptr<const engine::Session> with_past, engine::Value encoder_states)
      : first_(std::move(first)),
        stepper_(std::move(with_past)),
        encoder_states_(std::move(encoder_states)) {}

  Result<engine::Value> feed(std::span<const int32_t> tokens) override {
    ASSIGN_OR_RETURN(engine::Value ids, input_ids(tokens));
    if (!started_) return start(std::move(ids));
    RETURN_IF_ERROR(stepper_.set(names::kInputIds, std::move(ids)));
    ASSIGN_OR_RETURN(engine::Value logits, stepper_.step(names::kLogits));
    return host_logits(std::move(logits));
  }

 private:
  Result<engine::Value> start(engine::Value ids) {
    std::vector<engine::Value> inputs(first_->inputs().size());
    inputs[first_->input_index(names::kInputIds).value()] = std::move(ids);
    inputs[first_->input_index(names::kEncoderStates).value()] = encoder_states_;
    ASSIGN_OR_RETURN(std::vector<engine::Value> outputs, first_->run(inputs));
    RETURN_IF_ERROR(stepper_.adopt(*first_, outputs));
    // Exports made without dropping it: the graph with past reads nothing of it but its shape.
    if (stepper_.session().input_index(names::kEncoderStates)) {
      RETURN_IF_ERROR(stepper_.set(names::kEncoderStates, encoder_states_));
    }
    started_ = true;
    return host_logits(std::move(outputs[first_->output_index(names::kLogits).value()]));
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

  Result<engine::Value> feed(std::span<const int32_t> tokens) override {
    if (!started_) RETURN_IF_ERROR(start());
    RETURN_IF_ERROR(use_cache(started_));
    ASSIGN_OR_RETURN(engine::Value ids, input_ids(tokens));
    RETURN_IF_ERROR(stepper_.set(names::kInputIds, std::move(ids)));
    ASSIGN_OR_RETURN(engine::Value logits, stepper_.step(names::kLogits));
    started_ = true;
    return host_logits(std::move(logits));
  }

 private:
  Status use_cache(bool value) {
    const bool flag[] = {value};
    ASSIGN_OR_RETURN(Tensor tensor, Tensor::of<bool>({1}, flag));
    return stepper_.set(names::kUseCache, engine::Value::of(std::move(tensor)));
  }

  // The branch without cache does not read the past, but the graph's inputs must be there.
  Status start() {
    RETURN_IF_ERROR(stepper_.set(names::kEncoderStates, encoder_states_));
    const auto inputs = stepper_.session().inputs();
    for (const engine::IoInfo& input : inputs) {
      if (!input.name.starts_with("past_key_values.")) continue;
      ASSIGN_OR_RETURN(Tensor empty, Tensor::create(input.dtype, {1, config_.decoder_heads, 0,
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
