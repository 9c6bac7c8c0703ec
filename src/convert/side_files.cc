#include "convert/side_files.h"

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "text/tokenizer.h"

namespace escuta::convert {
namespace {

constexpr size_t kMaxBytes = size_t{64} << 20;
// openai/whisper, model.py: is_multilingual.
constexpr int64_t kFirstMultilingualVocabulary = 51865;

// What generation needs to know of the tokens.
struct Special {
  int64_t end = 0, start = 0, previous = 0, no_timestamps = 0;
  int64_t transcribe = 0, translate = 0;
};

Result<int64_t> find_token(const text::Tokenizer& tokenizer, std::string_view token,
                           int64_t vocab) {
  const std::optional<int32_t> id = tokenizer.token_to_id(token);
  if (!id) return invalid_argument("expected a token {}, found none", token);
  if (*id >= vocab) {
    return invalid_argument("expected {} below the model's vocabulary of {}, found {}", token,
                            vocab, *id);
  }
  return *id;
}

Result<Special> find_special(const text::Tokenizer& tokenizer, int64_t vocab) {
  Special s;
  ASSIGN_OR_RETURN(s.end, find_token(tokenizer, "<|endoftext|>", vocab));
  ASSIGN_OR_RETURN(s.start, find_token(tokenizer, "<|startoftranscript|>", vocab));
  ASSIGN_OR_RETURN(s.previous, find_token(tokenizer, "<|startofprev|>", vocab));
  ASSIGN_OR_RETURN(s.no_timestamps, find_token(tokenizer, "<|notimestamps|>", vocab));
  ASSIGN_OR_RETURN(s.transcribe, find_token(tokenizer, "<|transcribe|>", vocab));
  ASSIGN_OR_RETURN(s.translate, find_token(tokenizer, "<|translate|>", vocab));
  return s;
}

// "<|de|>": two or three letters ("yue", "haw").
bool is_language(std::string_view token) {
  const bool length = token.size() == 6 || token.size() == 7;
  return length && token.starts_with("<|") && token.ends_with("|>") &&
         std::all_of(token.begin() + 2, token.end() - 2,
                     [](char c) { return c >= 'a' && c <= 'z'; });
}

// Language tokens by id: those that the checkpoint lists, else those of the tokenizer.
Result<Json> language_ids(const Json& config, const text::Tokenizer& tokenizer, int64_t vocab) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> listed, json_ints_or_empty(config, "lang_ids"));
  Json result = Json::object();
  const int32_t end = static_cast<int32_t>(std::min<int64_t>(vocab, tokenizer.vocab_size()));
  for (int32_t id = 0; id < end; ++id) {
    const std::string_view token = tokenizer.id_to_token(id);
    const bool wanted = listed.empty() || std::ranges::find(listed, id) != listed.end();
    if (wanted && is_language(token)) result[std::string(token)] = id;
  }
  if (result.empty()) {
    return invalid_argument(
        "expected language tokens such as <|en|> for a vocabulary of {}, found none", vocab);
  }
  return result;
}

Result<Json> token_list(const Json& config, const char* key, int64_t vocab) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> ids, json_ints_or_empty(config, key));
  for (const int64_t id : ids) {
    if (id < -1 || id >= vocab) {
      return invalid_argument("`{}`: expected token ids below {}, found {}", key, vocab, id);
    }
  }
  return Json(ids);
}

// [[layer, head], ...], or null where the checkpoint has none.
Result<Json> alignment_heads(const Json& config, const WhisperSizes& sizes) {
  const auto heads = config.find("alignment_heads");
  if (heads == config.end() || heads->is_null()) return Json(nullptr);
  const auto is_head = [&](const Json& pair) {
    if (!pair.is_array() || pair.size() != 2) return false;
    const int64_t limits[] = {sizes.decoder_layers, sizes.decoder_heads};
    for (size_t i = 0; i < 2; ++i) {
      if (!pair[i].is_number_integer()) return false;
      const auto value = pair[i].get<int64_t>();
      if (value < 0 || value >= limits[i]) return false;
    }
    return true;
  };
  if (!heads->is_array() || !std::all_of(heads->begin(), heads->end(), is_head)) {
    return invalid_argument(
        "`alignment_heads`: expected pairs of a layer below {} and a head below {}, found {}",
        sizes.decoder_layers, sizes.decoder_heads, json_dump(*heads).substr(0, 100));
  }
  return *heads;
}

Json model_config(const WhisperSizes& sizes, const Special& special) {
  return Json{{"architectures", {"WhisperForConditionalGeneration"}},
              {"model_type", "whisper"},
              {"is_encoder_decoder", true},
              {"activation_function", "gelu"},
              {"d_model", sizes.d_model},
              {"num_mel_bins", sizes.n_mels},
              {"vocab_size", sizes.vocab},
              {"encoder_layers", sizes.encoder_layers},
              {"num_hidden_layers", sizes.encoder_layers},
              {"decoder_layers", sizes.decoder_layers},
              {"encoder_attention_heads", sizes.encoder_heads},
              {"decoder_attention_heads", sizes.decoder_heads},
              {"encoder_ffn_dim", sizes.encoder_ffn},
              {"decoder_ffn_dim", sizes.decoder_ffn},
              {"max_source_positions", sizes.source_positions},
              {"max_target_positions", sizes.target_positions},
              {"scale_embedding", false},
              {"use_cache", true},
              {"bos_token_id", special.end},
              {"eos_token_id", special.end},
              {"pad_token_id", special.end},
              {"decoder_start_token_id", special.start}};
}

// The keys that transformers' WhisperForConditionalGeneration.generate reads.
Result<Json> generation_config(const Json& config, const text::Tokenizer& tokenizer,
                               const Special& special, const WhisperSizes& sizes) {
  constexpr int64_t kMaxInitialTimestamp = 50;  // in steps of 0.02 s: openai's 1.0 s
  const bool multilingual = sizes.vocab >= kFirstMultilingualVocabulary;
  ASSIGN_OR_RETURN(const Json heads, alignment_heads(config, sizes));
  ASSIGN_OR_RETURN(const Json begin, token_list(config, "suppress_ids_begin", sizes.vocab));
  ASSIGN_OR_RETURN(const Json suppress, token_list(config, "suppress_ids", sizes.vocab));
  Json json = {{"alignment_heads", heads},
               {"begin_suppress_tokens", begin},
               {"bos_token_id", special.end},
               {"decoder_start_token_id", special.start},
               {"eos_token_id", special.end},
               {"forced_decoder_ids", nullptr},
               {"is_multilingual", multilingual},
               {"max_initial_timestamp_index", kMaxInitialTimestamp},
               {"max_length", sizes.target_positions},
               {"no_timestamps_token_id", special.no_timestamps},
               {"pad_token_id", special.end},
               {"prev_sot_token_id", special.previous},
               {"return_timestamps", false},
               {"suppress_tokens", suppress}};
  if (multilingual) {
    ASSIGN_OR_RETURN(json["lang_to_id"], language_ids(config, tokenizer, sizes.vocab));
    json["task_to_id"] = {{"transcribe", special.transcribe}, {"translate", special.translate}};
  }
  return json;
}

// openai/whisper, audio.py: 16 kHz, windows of 400 samples every 160.
Json preprocessor_config(const WhisperSizes& sizes) {
  constexpr int64_t kRateHz = 16000, kHop = 160, kWindow = 400;
  const int64_t samples = sizes.mel_frames() * kHop;
  return Json{{"feature_extractor_type", "WhisperFeatureExtractor"},
              {"processor_class", "WhisperProcessor"},
              {"feature_size", sizes.n_mels},
              {"sampling_rate", kRateHz},
              {"hop_length", kHop},
              {"n_fft", kWindow},
              {"chunk_length", samples / kRateHz},
              {"n_samples", samples},
              {"nb_max_frames", sizes.mel_frames()},
              {"padding_side", "right"},
              {"padding_value", 0.0},
              {"return_attention_mask", false}};
}

Result<std::string> read_tokenizer(const std::filesystem::path& path) {
  auto text = read_file(path, kMaxBytes);
  if (text.ok() || text.status().code() != StatusCode::kNotFound) return text;
  return not_found(
      "{}: expected the tokenizer beside model.bin, found no such file; take tokenizer.json of the "
      "same Whisper size from its page on Hugging Face (a vocabulary file alone has no merges)",
      path.string());
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> make_side_files(
    const std::filesystem::path& folder, const WhisperSizes& sizes) {
  const std::filesystem::path config_path = folder / "config.json";
  const std::filesystem::path tokenizer_path = folder / "tokenizer.json";
  ASSIGN_OR_RETURN(const Json config, read_json(config_path, kMaxBytes));
  if (!config.is_object()) {
    return invalid_argument("{}: expected a JSON object, found {}", config_path.string(),
                            config.type_name());
  }
  ASSIGN_OR_RETURN(std::string tokenizer_json, read_tokenizer(tokenizer_path));

  const auto tokenizer = text::Tokenizer::parse(tokenizer_json);
  if (!tokenizer.ok()) return tokenizer.status().with_context(tokenizer_path.string());
  const auto special = find_special(**tokenizer, sizes.vocab);
  if (!special.ok()) return special.status().with_context(tokenizer_path.string());
  const auto generation = generation_config(config, **tokenizer, *special, sizes);
  if (!generation.ok()) return generation.status().with_context(config_path.string());

  constexpr int kIndent = 2;
  const auto pretty = [](const Json& json) { return json_dump(json, kIndent) + "\n"; };
  return std::vector<std::pair<std::string, std::string>>{
      {"tokenizer.json", std::move(tokenizer_json)},
      {"config.json", pretty(model_config(sizes, *special))},
      {"generation_config.json", pretty(*generation)},
      {"preprocessor_config.json", pretty(preprocessor_config(sizes))}};
}

}  // namespace escuta::convert
