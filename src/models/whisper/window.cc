#include "models/whisper/window.h"

#include <zlib.h>

#include <algorithm>

#include "generate/greedy.h"
#include "generate/log_prob.h"
#include "generate/logit_rules.h"

namespace escuta::whisper {
namespace {

struct Prompt {
  std::vector<int32_t> tokens;
  size_t start_of_transcript = 0;  // its position
};

// Half of the decoder's positions are for what is said, the other for what was said before
// (openai/whisper, DecodingTask._get_initial_tokens).
size_t half_context(const Config& config) {
  return static_cast<size_t>(config.max_target_positions / 2);
}

Result<Prompt> make_prompt(const Config& config, const Vocabulary& vocabulary,
                           const WindowOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<int32_t> start,
                   vocabulary.start_sequence(options.language, options.task, options.timestamps));
  Prompt prompt;
  if (!options.previous.empty() && half_context(config) > 1) {
    const size_t kept = std::min(options.previous.size(), half_context(config) - 1);
    prompt.tokens.push_back(vocabulary.start_of_previous());
    prompt.tokens.insert(prompt.tokens.end(), options.previous.end() - static_cast<int64_t>(kept),
                         options.previous.end());
  }
  prompt.start_of_transcript = prompt.tokens.size();
  prompt.tokens.insert(prompt.tokens.end(), start.begin(), start.end());
  if (prompt.tokens.size() >= static_cast<size_t>(config.max_target_positions)) {
    return invalid_argument(
        "`max_target_positions`: expected more than the {} tokens of a prompt,"
        " found {}",
        prompt.tokens.size(), config.max_target_positions);
  }
  return prompt;
}

// How late the first timestamp may be where generation_config.json does not say
// (openai/whisper, DecodingOptions.max_initial_timestamp).
constexpr double kMaxInitialTimestampSeconds = 1.0;

generate::LogitRules make_rules(const Config& config, const Vocabulary& vocabulary,
                                bool timestamps) {
  generate::LogitRules rules;
  rules.push_back(generate::suppress_at_begin(config.begin_suppress_tokens));
  std::vector<int32_t> never = config.suppress_tokens;
  const std::vector<int32_t> special = vocabulary.never_sampled();
  never.insert(never.end(), special.begin(), special.end());
  rules.push_back(generate::suppress_tokens(std::move(never)));
  if (timestamps) {
    const auto seconds_index =
        static_cast<int64_t>(kMaxInitialTimestampSeconds / config.seconds_per_position() + 0.5);
    const int64_t initial = config.max_initial_timestamp_index.value_or(seconds_index);
    rules.push_back(generate::timestamp_rules(
        {.timestamp_begin = vocabulary.timestamp_begin(),
         .end_of_text = vocabulary.end_of_text(),
         .no_timestamps = vocabulary.no_timestamps(),
         .max_initial = static_cast<int32_t>(std::clamp<int64_t>(initial, 0, 1 << 20))}));
  }
  return rules;
}

}  // namespace

Result<WindowResult> decode_window(const Model& model, const Vocabulary& vocabulary,
                                   const engine::Value& encoder_states,
                                   const WindowOptions& options) {
  const Config& config = model.config();
  ASSIGN_OR_RETURN(const Prompt prompt, make_prompt(config, vocabulary, options));
  const generate::LogitRules rules = make_rules(config, vocabulary, options.timestamps);
  const size_t room = static_cast<size_t>(config.max_target_positions) - prompt.tokens.size();
  const generate::GreedyOptions greedy = {
      .end_token = vocabulary.end_of_text(),
      .max_new_tokens = std::min(half_context(config), room),
      .probe = generate::Probe{prompt.start_of_transcript, vocabulary.no_speech()},
      .cancelled = options.cancelled};
  const auto decoder = model.decoder(encoder_states);
  ASSIGN_OR_RETURN(generate::Generation generation,
                   generate::greedy_search(*decoder, prompt.tokens, rules, greedy));
  WindowResult result;
  result.avg_logprob = generation.sum_log_prob / static_cast<double>(generation.tokens.size() + 1);
  result.no_speech_prob = generation.probe_probability;
  result.compression_ratio = compression_ratio(vocabulary.text(generation.tokens));
  result.tokens = std::move(generation.tokens);
  return result;
}

Result<Language> detect_language(const Model& model, const Vocabulary& vocabulary,
                                 const engine::Value& encoder_states) {
  if (!vocabulary.is_multilingual()) return Language{"en", 1};
  const auto decoder = model.decoder(encoder_states);
  const int32_t start = vocabulary.start_of_transcript();
  ASSIGN_OR_RETURN(const engine::Value logits, decoder->feed(std::span(&start, 1)));
  ASSIGN_OR_RETURN(const TensorView view, logits.view());
  const std::span<const float> row = view.as<float>();
  std::vector<float> scores;
  for (const auto& [code, token] : vocabulary.languages()) {
    if (static_cast<size_t>(token) >= row.size()) break;
    scores.push_back(row[static_cast<size_t>(token)]);
  }
  if (scores.empty())
    return failed_precondition("decoder logits: expected language tokens in them");
  const int32_t best = generate::arg_max(scores);
  return Language{vocabulary.languages()[static_cast<size_t>(best)].first,
                  generate::probability(scores, best)};
}

double compression_ratio(std::string_view text) {
  if (text.empty()) return 0;
  uLongf packed_size = compressBound(text.size());
  std::vector<Bytef> packed(packed_size);
  if (compress(packed.data(), &packed_size, reinterpret_cast<const Bytef*>(text.data()),
               text.size()) != Z_OK) {
    return 0;
  }
  return static_cast<double>(text.size()) / static_cast<double>(packed_size);
}

}  // namespace escuta::whisper
