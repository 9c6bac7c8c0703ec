#include "convert/whisper_sizes.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace escuta::convert {
namespace {

// WhisperModel::current_spec_revision in CTranslate2's src/models/whisper.cc.
constexpr uint32_t kNewestRevision = 3;
// Far above any Whisper (large: 1280 wide, 32 layers), low enough that no product overflows.
constexpr int64_t kMaxSize = 1 << 20;
constexpr int64_t kMaxLayers = 1024;
// Every published Whisper has heads of this size; older checkpoints do not store their number.
constexpr int64_t kUsualHeadSize = 64;

// The variable `name`, whose rank must be `rank` and no dimension 0 or beyond reason.
Result<Shape> shape_of(const Ct2File& file, const std::string& name, int rank) {
  const Ct2Variable* const variable = file.find(name);
  if (variable == nullptr) {
    return not_found("{}: expected a variable {}, found none of that name", file.name(), name);
  }
  const bool sane = variable->shape.rank() == rank &&
                    std::ranges::all_of(variable->shape.dims(),
                                        [](int64_t dim) { return dim >= 1 && dim <= kMaxSize; });
  if (!sane) {
    return invalid_argument("{}: expected {} with {} dimensions of 1 to {}, found {}", file.name(),
                            name, rank, kMaxSize, variable->shape.to_string());
  }
  return variable->shape;
}

Result<int64_t> read_heads(const Ct2File& file, const std::string& name, int64_t d_model) {
  int64_t heads = d_model / kUsualHeadSize;
  if (const Ct2Variable* const variable = file.find(name); variable != nullptr) {
    if (variable->dtype != DType::kInt16 || variable->bytes.size() != sizeof(int16_t)) {
      return invalid_argument("{}: expected {} as one int16, found {} {}", file.name(), name,
                              dtype_name(variable->dtype), variable->shape.to_string());
    }
    int16_t value;
    std::memcpy(&value, variable->bytes.data(), sizeof(value));
    heads = value;
  }
  if (heads < 1 || d_model % heads != 0) {
    return invalid_argument("{}: expected {} to divide the width of {}, found {}", file.name(),
                            name, d_model, heads);
  }
  return heads;
}

// One more than the highest N of variables "<side>/layer_N/...". Layers between that are missing
// show when their variables are looked for.
Result<int64_t> count_layers(const Ct2File& file, const std::string& side) {
  const std::string prefix = side + "/layer_";
  int64_t layers = 0;
  for (const Ct2Variable& variable : file.variables()) {
    const std::string& name = variable.name;
    if (!name.starts_with(prefix)) continue;
    int64_t index = -1;
    const char* const digits = name.data() + prefix.size();
    const auto [end, error] = std::from_chars(digits, name.data() + name.size(), index);
    if (error != std::errc() || end == digits || *end != '/' || index < 0) continue;
    if (index >= kMaxLayers) {
      return invalid_argument("{}: expected layers below {}, found {}", file.name(), kMaxLayers,
                              name);
    }
    layers = std::max(layers, index + 1);
  }
  if (layers == 0) {
    return not_found("{}: expected variables {}0/..., found none", file.name(), prefix);
  }
  return layers;
}

Status check_specification(const Ct2File& file) {
  if (file.spec() != "WhisperSpec") {
    return invalid_argument("{}: expected a Whisper model (WhisperSpec), found {}", file.name(),
                            file.spec().empty() ? "no specification's name" : file.spec());
  }
  if (file.revision() < 1 || file.revision() > kNewestRevision) {
    return invalid_argument("{}: expected WhisperSpec in revision 1 to {}, found {}", file.name(),
                            kNewestRevision, file.revision());
  }
  return Status();
}

}  // namespace

Result<WhisperSizes> read_sizes(const Ct2File& file) {
  RETURN_IF_ERROR(check_specification(file));
  WhisperSizes sizes;
  ASSIGN_OR_RETURN(const Shape conv, shape_of(file, "encoder/conv1/weight", 3));
  sizes.d_model = conv[0];
  sizes.n_mels = conv[1];
  ASSIGN_OR_RETURN(const Shape tokens, shape_of(file, "decoder/embeddings/weight", 2));
  sizes.vocab = tokens[0];
  ASSIGN_OR_RETURN(const Shape source, shape_of(file, "encoder/position_encodings/encodings", 2));
  sizes.source_positions = source[0];
  ASSIGN_OR_RETURN(const Shape target, shape_of(file, "decoder/position_encodings/encodings", 2));
  sizes.target_positions = target[0];
  constexpr int64_t kMaxTargetPositions = 1 << 12;  // the causal mask has its square
  if (sizes.target_positions > kMaxTargetPositions) {
    return invalid_argument("{}: expected up to {} decoder positions, found {}", file.name(),
                            kMaxTargetPositions, sizes.target_positions);
  }
  ASSIGN_OR_RETURN(sizes.encoder_layers, count_layers(file, "encoder"));
  ASSIGN_OR_RETURN(sizes.decoder_layers, count_layers(file, "decoder"));
  ASSIGN_OR_RETURN(sizes.encoder_heads, read_heads(file, "encoder/num_heads", sizes.d_model));
  ASSIGN_OR_RETURN(sizes.decoder_heads, read_heads(file, "decoder/num_heads", sizes.d_model));
  ASSIGN_OR_RETURN(const Shape encoder_ffn,
                   shape_of(file, "encoder/layer_0/ffn/linear_0/weight", 2));
  sizes.encoder_ffn = encoder_ffn[0];
  ASSIGN_OR_RETURN(const Shape decoder_ffn,
                   shape_of(file, "decoder/layer_0/ffn/linear_0/weight", 2));
  sizes.decoder_ffn = decoder_ffn[0];
  const Ct2Variable* const projection = file.find("decoder/projection/weight");
  sizes.own_projection =
      projection != nullptr && projection != file.find("decoder/embeddings/weight");
  return sizes;
}

}  // namespace escuta::convert
