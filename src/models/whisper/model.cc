#include "models/whisper/model.h"

#include <algorithm>

#include "graph/import.h"
#include "models/whisper/decoder.h"
#include "models/whisper/names.h"
#include "passes/pass.h"
#include "tensor/float16.h"

namespace escuta::whisper {
namespace {

// As Session::load: larger tensors are read in place.
constexpr size_t kAlignedBytes = size_t{1} << 16;

// -1 in `found` stands for any size.
bool fits(std::span<const int64_t> found, std::initializer_list<int64_t> expected) {
  if (found.size() != expected.size()) return false;
  auto want = expected.begin();
  for (const int64_t dim : found) {
    if (dim != -1 && *want != -1 && dim != *want) return false;
    ++want;
  }
  return true;
}

std::string to_text(std::span<const int64_t> dims) {
  std::string text = "[";
  for (const int64_t dim : dims) {
    if (text.size() > 1) text += ", ";
    text += dim == -1 ? "?" : std::to_string(dim);
  }
  return text + "]";
}

Status expect_io(std::span<const engine::IoInfo> list, std::optional<size_t> index,
                 std::string_view kind, std::string_view name,
                 std::initializer_list<int64_t> dims) {
  if (!index) {
    std::string found;
    for (const engine::IoInfo& io : list) found += (found.empty() ? "" : ", ") + io.name;
    return invalid_argument("expected an {} `{}`, found {}", kind, name, found);
  }
  const engine::IoInfo& io = list[*index];
  if (!fits(io.dims, dims)) {
    return invalid_argument("{} `{}`: expected shape {} as config.json has it, found {}", kind,
                            name, to_text({dims.begin(), dims.size()}), to_text(io.dims));
  }
  return Status();
}

Status expect_input(const engine::Session& session, std::string_view name,
                    std::initializer_list<int64_t> dims) {
  return expect_io(session.inputs(), session.input_index(name), "input", name, dims);
}

Status expect_output(const engine::Session& session, std::string_view name,
                     std::initializer_list<int64_t> dims) {
  return expect_io(session.outputs(), session.output_index(name), "output", name, dims);
}

// The layers that a decoder has, by the names of its outputs.
int64_t count_layers(const engine::Session& session) {
  int64_t layers = 0;
  while (session.output_index(names::present(layers, "decoder", "key"))) ++layers;
  return layers;
}

// The keys and values that the decoder makes of the encoder's states: most of what it keeps, and
// all of it is read at each step.
std::vector<std::string> encoder_states(const Config& config) {
  std::vector<std::string> states;
  for (int64_t layer = 0; layer < config.decoder_layers; ++layer) {
    for (const char* what : {"key", "value"}) {
      states.push_back(names::past(layer, "encoder", what));
      states.push_back(names::present(layer, "encoder", what));
    }
  }
  return states;
}

// Makes the model one of memory alone: no path, and no weights that are looked for beside it.
Status forget_files(graph::Model& model) {
  model.path.clear();
  const auto forget = [](graph::ConstantPtr& constant) {
    if (constant == nullptr || !constant->external) return;
    auto inside = std::make_shared<graph::Constant>(*constant);
    inside->external.reset();
    constant = std::move(inside);
  };
  return passes::for_each_graph(model, [&](graph::Graph& graph) {
    for (size_t i = 0; i < graph.values().size(); ++i) {
      graph::Value& value = graph.value(static_cast<graph::ValueId>(i));
      forget(value.fact.constant);
      forget(value.default_value);
    }
    return Status();
  });
}

}  // namespace

Result<std::shared_ptr<const Model>> Model::load(const engine::Registry& registry,
                                                 const std::filesystem::path& folder,
                                                 const LoadOptions& options) {
  ASSIGN_OR_RETURN(const ModelFiles files,
                   find_model_files(folder, options.variant, options.decoder));
  std::shared_ptr<Model> model(new Model);
  ASSIGN_OR_RETURN(model->config_, read_config(folder));
  ASSIGN_OR_RETURN(model->encoder_,
                   engine::Session::load(registry, files.encoder, options.session));
  RETURN_IF_ERROR(model->check_encoder().with_context(files.encoder.string()));
  engine::SessionOptions decodes = options.session;
  decodes.compile.compact_states = encoder_states(model->config_);
  engine::SessionOptions fills_cache = decodes;
  // Of a prompt's logits two rows are wanted.
  fills_cache.compile.row_choices.push_back({names::kLogits, 1, names::kLogitPositions});
  model->aligns_ = options.align;
  RETURN_IF_ERROR(model->load_first(registry, files.decoder, fills_cache));
  RETURN_IF_ERROR(
      model->check_decoder(*model->decoder_, files.merged()).with_context(files.decoder.string()));
  if (!files.merged()) {
    ASSIGN_OR_RETURN(model->with_past_,
                     engine::Session::load(registry, files.decoder_with_past, decodes));
    RETURN_IF_ERROR(model->check_decoder(*model->with_past_, true)
                        .with_context(files.decoder_with_past.string()));
  }
  return std::shared_ptr<const Model>(std::move(model));
}

Status Model::check_alignment_heads() const {
  for (const AttentionHead& head : config_.alignment_heads) {
    if (head.layer < config_.decoder_layers && head.head < config_.decoder_heads) continue;
    return invalid_argument(
        "generation_config.json: `alignment_heads`: expected heads of {} layers of {}, found [{}, "
        "{}]; without the key all heads of the upper half of the layers are used",
        config_.decoder_layers, config_.decoder_heads, head.layer, head.head);
  }
  return Status();
}

Status Model::load_first(const engine::Registry& registry, const std::filesystem::path& file,
                         const engine::SessionOptions& options) {
  if (!aligns_) {
    ASSIGN_OR_RETURN(decoder_, engine::Session::load(registry, file, options));
    return Status();
  }
  RETURN_IF_ERROR(check_alignment_heads());
  ASSIGN_OR_RETURN(std::shared_ptr<const graph::Model> model,
                   graph::load_model(file, {.align_data_under = kAlignedBytes}));
  const graph::Graph& graph = model->graph;
  const std::vector<passes::AttentionTap> taps = attention_taps(config_);
  const bool gives = std::ranges::all_of(taps, [&](const passes::AttentionTap& tap) {
    return graph.find(tap.weights) != graph::kNoValue;
  });
  if (!gives) {
    Result<graph::Model> tapped = passes::expose_attention(*model, taps);
    if (!tapped.ok()) {
      return tapped.status().with_context(fmt::format(
          "{}: word timestamps need the attention to the encoder; export the model with attention "
          "outputs (cross_attentions.N), or do without them",
          file.string()));
    }
    // ONNX Runtime reads a file by itself where there is one, and would not see the outputs.
    const auto by_ours = [](const engine::Placement& p) {
      return p.nodes == 0 || p.provider == "cpu";
    };
    if (!std::ranges::all_of(encoder_->placements(), by_ours))
      RETURN_IF_ERROR(forget_files(*tapped));
    model = std::make_shared<const graph::Model>(std::move(*tapped));
  }
  ASSIGN_OR_RETURN(decoder_, engine::Session::load(registry, std::move(model), options));
  return gives_attention(*decoder_, config_)
             ? Status()
             : failed_precondition("{}: expected outputs cross_attentions.N, found none",
                                   file.string());
}

Result<ForcedText> Model::force(const engine::Value& encoder_states,
                                std::span<const int32_t> tokens,
                                std::span<const int64_t> positions) const {
  if (!aligns_) return failed_precondition("expected a model that was loaded to align");
  return force_text(*decoder_, config_, encoder_states, tokens, positions);
}

Status Model::check_encoder() const {
  RETURN_IF_ERROR(
      expect_input(*encoder_, names::kFeatures, {-1, config_.mel.n_mels, config_.window_frames()}));
  return expect_output(*encoder_, names::kEncoderOutput,
                       {-1, config_.max_source_positions, config_.d_model});
}

Status Model::check_decoder(const engine::Session& session, bool with_past) const {
  if (const int64_t layers = count_layers(session); layers != config_.decoder_layers) {
    return invalid_argument("expected {} decoder layers as config.json says, found {}",
                            config_.decoder_layers, layers);
  }
  RETURN_IF_ERROR(expect_input(session, names::kInputIds, {-1, -1}));
  RETURN_IF_ERROR(expect_output(session, names::kLogits, {-1, -1, config_.vocab_size}));
  for (int64_t layer = 0; with_past && layer < config_.decoder_layers; ++layer) {
    for (const char* side : {"decoder", "encoder"}) {
      for (const char* what : {"key", "value"}) {
        RETURN_IF_ERROR(expect_input(session, names::past(layer, side, what),
                                     {-1, config_.decoder_heads, -1, config_.head_size()}));
      }
    }
  }
  const bool fills_cache = !with_past || session.input_index(names::kUseCache).has_value();
  if (fills_cache) {
    RETURN_IF_ERROR(expect_input(session, names::kEncoderStates,
                                 {-1, config_.max_source_positions, config_.d_model}));
  }
  return Status();
}

std::vector<engine::Placement> Model::placements() const {
  std::vector<engine::Placement> merged;
  for (const auto& session : {encoder_, decoder_, with_past_}) {
    if (!session) continue;
    for (const engine::Placement& placement : session->placements()) {
      auto same = std::find_if(merged.begin(), merged.end(), [&](const engine::Placement& p) {
        return p.provider == placement.provider && p.reason == placement.reason;
      });
      if (same == merged.end()) {
        merged.push_back(placement);
      } else {
        same->nodes += placement.nodes;
      }
    }
  }
  return merged;
}

Result<engine::Value> Model::encode(Tensor mel) const {
  const size_t index = encoder_->input_index(names::kFeatures).value();
  if (encoder_->inputs()[index].dtype == DType::kFloat16) {
    ASSIGN_OR_RETURN(Tensor half, Tensor::create(DType::kFloat16, mel.shape()));
    auto* bits = reinterpret_cast<uint16_t*>(half.bytes().data());
    float_to_half(mel.as<float>(), {bits, half.bytes().size() / sizeof(uint16_t)});
    mel = std::move(half);
  }
  std::vector<engine::Value> inputs(encoder_->inputs().size());
  inputs[index] = engine::Value::of(std::move(mel));
  ASSIGN_OR_RETURN(std::vector<engine::Value> outputs, encoder_->run(inputs));
  return std::move(outputs[encoder_->output_index(names::kEncoderOutput).value()]);
}

std::unique_ptr<generate::StepDecoder> Model::decoder(engine::Value encoder_states) const {
  if (with_past_) return make_pair_decoder(decoder_, with_past_, std::move(encoder_states));
  return make_merged_decoder(decoder_, config_, std::move(encoder_states));
}

}  // namespace escuta::whisper
