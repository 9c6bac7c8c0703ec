#include "models/whisper/forced_text.h"

#include <algorithm>

#include "models/whisper/decoder_values.h"
#include "models/whisper/names.h"

namespace escuta::whisper {
namespace {

std::vector<int64_t> heads_of(const Config& config, int64_t layer) {
  std::vector<int64_t> heads;
  for (const AttentionHead& head : config.alignment_heads) {
    if (head.layer == layer) heads.push_back(head.head);
  }
  return heads;
}

// The weights of one layer [1, n, T, S], of the heads that are wanted; `all`: of every head.
Status take_heads(const engine::Value& given, std::span<const int64_t> wanted, bool all,
                  size_t tokens, const Config& config, std::vector<Matrix>& heads) {
  ASSIGN_OR_RETURN(const engine::Value value, as_floats(given));
  ASSIGN_OR_RETURN(const TensorView view, value.view());
  const int64_t count = all ? config.decoder_heads : static_cast<int64_t>(wanted.size());
  const auto rows = static_cast<int64_t>(tokens);
  const Shape expected = {1, count, rows, config.max_source_positions};
  if (view.dtype != DType::kFloat || view.shape != expected) {
    return failed_precondition("attention weights: expected float {}, found {} {}",
                               expected.to_string(), dtype_name(view.dtype),
                               view.shape.to_string());
  }
  const auto values = view.as<float>();
  const auto columns = static_cast<size_t>(config.max_source_positions);
  for (size_t i = 0; i < wanted.size(); ++i) {
    Matrix head(tokens, columns);
    const size_t at = all ? static_cast<size_t>(wanted[i]) : i;
    std::ranges::copy(values.subspan(at * head.values.size(), head.values.size()),
                      head.values.begin());
    heads.push_back(std::move(head));
  }
  return Status();
}

}  // namespace

std::vector<int64_t> aligned_layers(const Config& config) {
  std::vector<int64_t> layers;
  for (const AttentionHead& head : config.alignment_heads) {
    if (layers.empty() || layers.back() != head.layer) layers.push_back(head.layer);
  }
  return layers;
}

bool gives_attention(const engine::Session& session, const Config& config) {
  return std::ranges::all_of(aligned_layers(config), [&](int64_t layer) {
    return session.output_index(names::cross_attention(layer)).has_value();
  });
}

std::vector<passes::AttentionTap> attention_taps(const Config& config) {
  std::vector<passes::AttentionTap> taps;
  for (const int64_t layer : aligned_layers(config)) {
    taps.push_back({names::present(layer, "encoder", "key"), names::wanted_heads(layer),
                    names::cross_attention(layer)});
  }
  return taps;
}

Result<ForcedText> force_text(const engine::Session& decoder, const Config& config,
                              const engine::Value& encoder_states, std::span<const int32_t> tokens,
                              std::span<const int64_t> positions) {
  const auto count = static_cast<int64_t>(tokens.size());
  if (count > config.max_target_positions) {
    return invalid_argument("expected at most the {} tokens that the decoder holds, found {}",
                            config.max_target_positions, count);
  }
  const bool chooses = gives_positions(decoder);
  std::vector<engine::Value> inputs(decoder.inputs().size());
  const int64_t ids[] = {1, count}, chosen[] = {static_cast<int64_t>(positions.size())};
  ASSIGN_OR_RETURN(inputs[decoder.input_index(names::kInputIds).value()], integers(ids, tokens));
  inputs[decoder.input_index(names::kEncoderStates).value()] = encoder_states;
  if (chooses) {
    ASSIGN_OR_RETURN(inputs[decoder.input_index(names::kLogitPositions).value()],
                     integers(chosen, positions));
  }
  if (const auto cache = decoder.input_index(names::kUseCache)) {
    ASSIGN_OR_RETURN(inputs[*cache], boolean(false));
    RETURN_IF_ERROR(give_no_past(decoder, config, 1, inputs));
  }
  const size_t logits = decoder.output_index(names::kLogits).value();
  const auto wanted = std::make_unique<bool[]>(decoder.outputs().size());
  wanted[logits] = true;
  for (const int64_t layer : aligned_layers(config)) {
    wanted[decoder.output_index(names::cross_attention(layer)).value()] = true;
    if (const auto input = decoder.input_index(names::wanted_heads(layer))) {
      const std::vector<int64_t> heads = heads_of(config, layer);
      const int64_t dims[] = {static_cast<int64_t>(heads.size())};
      ASSIGN_OR_RETURN(inputs[*input], integers(dims, heads));
    }
  }
  ASSIGN_OR_RETURN(std::vector<engine::Value> outputs,
                   decoder.run(inputs, {wanted.get(), decoder.outputs().size()}));
  ForcedText forced;
  ASSIGN_OR_RETURN(forced.logits, host_logits(std::move(outputs[logits]), positions, !chooses));
  for (const int64_t layer : aligned_layers(config)) {
    const bool all = !decoder.input_index(names::wanted_heads(layer));
    const size_t output = decoder.output_index(names::cross_attention(layer)).value();
    RETURN_IF_ERROR(take_heads(outputs[output], heads_of(config, layer), all, tokens.size(), config,
                               forced.heads));
    outputs[output] = engine::Value();
  }
  return forced;
}

}  // namespace escuta::whisper
