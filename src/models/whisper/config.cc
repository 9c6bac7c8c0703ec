#include "models/whisper/config.h"

#include <algorithm>
#include <limits>

#include "base/json.h"

namespace escuta::whisper {
namespace {

// Far above any Whisper (large: 1280 wide, 32 layers), low enough that no product overflows.
constexpr int64_t kMaxSize = 1 << 20;

Result<int64_t> positive(const Json& json, std::string_view key) {
  ASSIGN_OR_RETURN(const int64_t value, json_int(json, key));
  if (value < 1 || value > kMaxSize) {
    return invalid_argument("`{}`: expected 1 to {}, found {}", key, kMaxSize, value);
  }
  return value;
}

Result<int64_t> positive_or(const Json& json, std::string_view key, int64_t fallback) {
  if (!json.is_object() || !json.contains(std::string(key))) return fallback;
  return positive(json, key);
}

Result<std::vector<int32_t>> token_ids(const Json& json, std::string_view key) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, json_ints_or_empty(json, key));
  std::vector<int32_t> ids;
  for (const int64_t number : numbers) {
    // -1 stands for "the default set" in openai's option of the same name; it is no token.
    if (number < 0) continue;
    if (number > std::numeric_limits<int32_t>::max()) {
      return invalid_argument("`{}`: expected token ids, found {}", key, number);
    }
    ids.push_back(static_cast<int32_t>(number));
  }
  return ids;
}

Status fill_sizes(const Json& json, Config& config) {
  if (const auto type = json_string(json, "model_type"); type.ok() && *type != "whisper") {
    return invalid_argument("`model_type`: expected whisper, found {}", *type);
  }
  ASSIGN_OR_RETURN(config.d_model, positive(json, "d_model"));
  ASSIGN_OR_RETURN(config.encoder_layers, positive(json, "encoder_layers"));
  ASSIGN_OR_RETURN(config.decoder_layers, positive(json, "decoder_layers"));
  ASSIGN_OR_RETURN(config.decoder_heads, positive(json, "decoder_attention_heads"));
  ASSIGN_OR_RETURN(config.vocab_size, positive(json, "vocab_size"));
  ASSIGN_OR_RETURN(config.max_source_positions, positive_or(json, "max_source_positions", 1500));
  ASSIGN_OR_RETURN(config.max_target_positions, positive_or(json, "max_target_positions", 448));
  ASSIGN_OR_RETURN(const int64_t mels, positive_or(json, "num_mel_bins", 80));
  config.mel.n_mels = static_cast<int>(mels);
  if (config.d_model % config.decoder_heads != 0) {
    return invalid_argument(
        "`d_model`: expected a multiple of decoder_attention_heads = {}, found {}",
        config.decoder_heads, config.d_model);
  }
  return Status();
}

Status fill_features(const Json& json, Config& config) {
  ASSIGN_OR_RETURN(const int64_t mels, positive_or(json, "feature_size", config.mel.n_mels));
  if (mels != config.mel.n_mels) {
    return invalid_argument("`feature_size`: expected {} as config.json's num_mel_bins, found {}",
                            config.mel.n_mels, mels);
  }
  ASSIGN_OR_RETURN(const int64_t rate, positive_or(json, "sampling_rate", 16000));
  ASSIGN_OR_RETURN(const int64_t n_fft, positive_or(json, "n_fft", 400));
  ASSIGN_OR_RETURN(const int64_t hop, positive_or(json, "hop_length", 160));
  config.mel.rate_hz = static_cast<int>(rate);
  config.mel.n_fft = static_cast<int>(n_fft);
  config.mel.hop_length = static_cast<int>(hop);
  return Status();
}

// Whether the model has these heads is asked where they are used: some folders carry those of the
// model that theirs was distilled from, and transcribe well without them.
Status fill_alignment_heads(const Json& list, Config& config) {
  const auto is_index = [](const Json& json) {
    return json.is_number_integer() && json >= 0 && json < kMaxSize;
  };
  const auto is_head = [&](const Json& pair) {
    return pair.is_array() && pair.size() == 2 && is_index(pair[0]) && is_index(pair[1]);
  };
  if (!list.is_array() || !std::ranges::all_of(list, is_head)) {
    return invalid_argument("`alignment_heads`: expected a list of [layer, head], found {}",
                            json_dump(list));
  }
  for (const Json& pair : list) {
    config.alignment_heads.push_back({pair[0].get<int64_t>(), pair[1].get<int64_t>()});
  }
  std::ranges::sort(config.alignment_heads);
  const auto doubled = std::ranges::unique(config.alignment_heads);
  config.alignment_heads.erase(doubled.begin(), doubled.end());
  return Status();
}

void use_upper_half(Config& config) {
  for (int64_t layer = config.decoder_layers / 2; layer < config.decoder_layers; ++layer) {
    for (int64_t head = 0; head < config.decoder_heads; ++head) {
      config.alignment_heads.push_back({layer, head});
    }
  }
}

Status fill_generation(const Json& json, Config& config) {
  ASSIGN_OR_RETURN(config.suppress_tokens, token_ids(json, "suppress_tokens"));
  ASSIGN_OR_RETURN(config.begin_suppress_tokens, token_ids(json, "begin_suppress_tokens"));
  if (const auto it = json.find("alignment_heads"); it != json.end() && !it->is_null()) {
    RETURN_IF_ERROR(fill_alignment_heads(*it, config));
  }
  if (const auto it = json.find("is_multilingual"); it != json.end() && it->is_boolean()) {
    config.is_multilingual = it->get<bool>();
  }
  if (const auto index = json_int(json, "max_initial_timestamp_index"); index.ok()) {
    config.max_initial_timestamp_index = *index;
  } else if (index.status().code() != StatusCode::kNotFound) {
    return index.status();
  }
  return Status();
}

// Applies `fill` to the file; an optional file may be absent.
Status fill_from(const std::filesystem::path& path, bool required,
                 Status (*fill)(const Json&, Config&), Config& config) {
  Result<Json> json = read_json(path);
  if (!json.ok()) {
    const bool absent = json.status().code() == StatusCode::kNotFound;
    return absent && !required ? Status() : json.status();
  }
  if (!json->is_object()) {
    return invalid_argument("{}: expected a JSON object, found {}", path.string(),
                            json->type_name());
  }
  return fill(*json, config).with_context(path.string());
}

}  // namespace

Result<Config> read_config(const std::filesystem::path& folder) {
  Config config;
  RETURN_IF_ERROR(fill_from(folder / "config.json", true, fill_sizes, config));
  RETURN_IF_ERROR(fill_from(folder / "preprocessor_config.json", false, fill_features, config));
  RETURN_IF_ERROR(fill_from(folder / "generation_config.json", false, fill_generation, config));
  if (config.alignment_heads.empty()) use_upper_half(config);
  return config;
}

}  // namespace escuta::whisper
