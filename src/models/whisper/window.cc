#include "models/whisper/window.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <map>

#include "engine/rows.h"
#include "generate/log_prob.h"
#include "generate/logit_rules.h"
#include "generate/loops.h"
#include "generate/search.h"

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

Result<Prompt> make_prompt(const Config& config, const Vocabulary& vocabulary, const Window& window,
                           const DecodeOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<int32_t> start,
                   vocabulary.start_sequence(window.language, options.task, options.timestamps));
  Prompt prompt;
  size_t room = half_context(config) - std::min<size_t>(half_context(config), 1);
  const auto add_end = [&](const std::vector<int32_t>& tokens, size_t most) {
    const auto kept = static_cast<int64_t>(std::min(tokens.size(), most));
    prompt.tokens.insert(prompt.tokens.end(), tokens.end() - kept, tokens.end());
    room -= static_cast<size_t>(kept);
  };
  if (room > 0 && !(window.prompt.empty() && window.previous.empty())) {
    prompt.tokens.push_back(vocabulary.start_of_previous());
    add_end(window.prompt, room);
    add_end(window.previous, room);
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

generate::TimestampTokens timestamp_tokens(const Config& config, const Vocabulary& vocabulary,
                                           const DecodeOptions& options) {
  const auto index = [&](double seconds) {
    return static_cast<int64_t>(seconds / config.seconds_per_position() + 0.5);
  };
  const int64_t initial =
      options.max_initial_timestamp_s
          ? index(*options.max_initial_timestamp_s)
          : config.max_initial_timestamp_index.value_or(index(kMaxInitialTimestampSeconds));
  return {.timestamp_begin = vocabulary.timestamp_begin(),
          .end_of_text = vocabulary.end_of_text(),
          .no_timestamps = vocabulary.no_timestamps(),
          .max_initial = static_cast<int32_t>(std::clamp<int64_t>(initial, 0, 1 << 20))};
}

// The rule of one window alone; null where it has none.
std::unique_ptr<const generate::LogitRule> make_rule(const Config& config,
                                                     const Vocabulary& vocabulary,
                                                     const Window& window,
                                                     const DecodeOptions& options) {
  const double position = window.speech_end_s / config.seconds_per_position();
  if (!options.timestamps || position < 1) return nullptr;
  const auto last = static_cast<double>(config.max_source_positions);
  const auto until = static_cast<int32_t>(std::min(position, last));
  return generate::no_end_before(vocabulary.timestamp_begin() + until,
                                 timestamp_tokens(config, vocabulary, options));
}

std::vector<int32_t> never_said(const Config& config, const Vocabulary& vocabulary,
                                const DecodeOptions& options) {
  std::vector<int32_t> never = vocabulary.never_sampled();
  for (const int32_t token : options.suppress_tokens) {
    if (token == DecodeOptions::kListedTokens) {
      never.insert(never.end(), config.suppress_tokens.begin(), config.suppress_tokens.end());
    } else {
      never.push_back(token);
    }
  }
  return never;
}

generate::LogitRules make_rules(const Config& config, const Vocabulary& vocabulary,
                                const DecodeOptions& options) {
  generate::LogitRules rules;
  const int32_t text_end = vocabulary.end_of_text();
  if (options.repetition_penalty != 1) {
    rules.push_back(generate::repetition_penalty(options.repetition_penalty, text_end));
  }
  if (options.no_repeat_ngram_size > 0) {
    rules.push_back(generate::no_repeated_ngrams(options.no_repeat_ngram_size, text_end));
  }
  if (!options.phrases.empty()) {
    rules.push_back(generate::boost_phrases(options.phrases, options.phrase_boost, text_end));
  }
  if (options.suppress_blank) {
    rules.push_back(generate::suppress_at_begin(config.begin_suppress_tokens));
  }
  rules.push_back(generate::suppress_tokens(never_said(config, vocabulary, options)));
  if (options.grammar != nullptr) rules.push_back(options.grammar);
  if (options.timestamps) {
    rules.push_back(generate::timestamp_rules(timestamp_tokens(config, vocabulary, options)));
  }
  return rules;
}

// What a window's result has to begin with: text follows a timestamp, where there are any.
std::vector<int32_t> make_prefix(const Vocabulary& vocabulary, const Window& window,
                                 const DecodeOptions& options) {
  std::vector<int32_t> prefix;
  if (!window.prefix.empty() && options.timestamps) prefix.push_back(vocabulary.timestamp_begin());
  prefix.insert(prefix.end(), window.prefix.begin(), window.prefix.end());
  return prefix;
}

// The windows of one call, at one temperature after the other.
class WindowDecoding {
 public:
  WindowDecoding(const Model& model, const Vocabulary& vocabulary, std::span<const Window> windows,
                 const DecodeOptions& options)
      : model_(model),
        vocabulary_(vocabulary),
        windows_(windows),
        options_(options),
        rules_(make_rules(model.config(), vocabulary, options)),
        results_(windows.size()),
        forgotten_(windows.size()) {}

  Result<std::vector<WindowResult>> run() {
    std::vector<size_t> left(windows_.size());
    for (size_t i = 0; i < left.size(); ++i) left[i] = i;
    for (const Window& window : windows_) {
      ASSIGN_OR_RETURN(Prompt prompt, make_prompt(model_.config(), vocabulary_, window, options_));
      prompts_.push_back(std::move(prompt));
      prefixes_.push_back(make_prefix(vocabulary_, window, options_));
      window_rules_.push_back(make_rule(model_.config(), vocabulary_, window, options_));
    }
    for (const double temperature : options_.temperatures) {
      RETURN_IF_ERROR(decode(left, temperature));
      RETURN_IF_ERROR(decode_loops_again(left, temperature));
      std::erase_if(left, [&](size_t i) { return !needs_fallback(results_[i], options_); });
      if (left.empty()) break;
    }
    return std::move(results_);
  }

 private:
  // Text that repeats itself in the prompt is repeated.
  Status decode_loops_again(std::span<const size_t> windows, double temperature) {
    std::vector<size_t> again;
    for (const size_t i : windows) {
      if (!results_[i].looped || windows_[i].previous.empty() || forgotten_[i]) continue;
      Window alone = windows_[i];
      alone.previous.clear();
      ASSIGN_OR_RETURN(prompts_[i], make_prompt(model_.config(), vocabulary_, alone, options_));
      forgotten_[i] = true;
      again.push_back(i);
    }
    return again.empty() ? Status() : decode(again, temperature);
  }

  // Rows of one batch have prompts of one length.
  Status decode(std::span<const size_t> windows, double temperature) {
    std::map<size_t, std::vector<size_t>> batches;
    for (const size_t i : windows) batches[prompts_[i].tokens.size()].push_back(i);
    for (const auto& [length, batch] : batches) RETURN_IF_ERROR(decode_batch(batch, temperature));
    return Status();
  }

  Status decode_batch(const std::vector<size_t>& batch, double temperature) {
    std::vector<engine::Value> states;
    std::vector<generate::SearchRow> rows;
    for (const size_t i : batch) {
      states.push_back(windows_[i].encoder_states);
      rows.push_back({.prompt = prompts_[i].tokens,
                      .seed = seed_of(windows_[i], temperature),
                      .rule = window_rules_[i].get(),
                      .prefix = prefixes_[i]});
    }
    ASSIGN_OR_RETURN(engine::Value joined, engine::join_rows(states));
    states.clear();
    const auto decoder = model_.decoder(std::move(joined));
    ASSIGN_OR_RETURN(std::vector<generate::Generation> found,
                     generate::search(*decoder, rows, rules_,
                                      search_options(prompts_[batch.front()], temperature)));
    for (size_t i = 0; i < batch.size(); ++i) {
      results_[batch[i]] = result_of(std::move(found[i]), temperature);
      results_[batch[i]].language = windows_[batch[i]].language;
      results_[batch[i]].without_history = forgotten_[batch[i]];
    }
    return Status();
  }

  generate::SearchOptions search_options(const Prompt& prompt, double temperature) const {
    const Config& config = model_.config();
    const size_t room = static_cast<size_t>(config.max_target_positions) - prompt.tokens.size();
    generate::SearchOptions options;
    options.end_token = vocabulary_.end_of_text();
    options.max_new_tokens = std::min(half_context(config), room);
    options.temperature = temperature;
    options.beams = options_.beam_size;
    options.samples = options_.best_of;
    options.patience = options_.patience;
    options.length_penalty = options_.length_penalty;
    options.loops_below = vocabulary_.end_of_text();
    options.probe = generate::Probe{prompt.start_of_transcript, vocabulary_.no_speech()};
    options.threads = options_.threads;
    options.cancelled = options_.cancelled;
    return options;
  }

  // Nothing of it depends on the batch.
  uint64_t seed_of(const Window& window, double temperature) const {
    constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;
    return (options_.seed * kOdd + window.place) * kOdd + std::bit_cast<uint64_t>(temperature);
  }

  WindowResult result_of(generate::Generation found, double temperature) const {
    WindowResult result;
    result.temperature = temperature;
    result.looped = found.looped;
    result.avg_logprob = found.sum_log_prob / static_cast<double>(found.tokens.size() + 1);
    result.no_speech_prob = found.probe_probability;
    result.compression_ratio = compression_ratio(vocabulary_.text(found.tokens));
    if (found.looped) {
      const auto loop = generate::find_loop(found.tokens, vocabulary_.end_of_text());
      found.tokens.resize(loop.value_or(found.tokens.size()));
    }
    result.tokens = std::move(found.tokens);
    result.ended = found.ended;
    return result;
  }

  const Model& model_;
  const Vocabulary& vocabulary_;
  std::span<const Window> windows_;
  const DecodeOptions& options_;
  generate::LogitRules rules_;
  std::vector<Prompt> prompts_;
  std::vector<std::vector<int32_t>> prefixes_;
  generate::LogitRules window_rules_;  // per window; null: none
  std::vector<WindowResult> results_;
  std::vector<bool> forgotten_;  // windows whose text before is not in the prompt any more
};

}  // namespace

Result<std::vector<WindowResult>> decode_windows(const Model& model, const Vocabulary& vocabulary,
                                                 std::span<const Window> windows,
                                                 const DecodeOptions& options) {
  return WindowDecoding(model, vocabulary, windows, options).run();
}

bool is_silence(const WindowResult& result, const DecodeOptions& options) {
  return result.no_speech_prob > options.no_speech_threshold &&
         result.avg_logprob <= options.logprob_threshold;
}

bool needs_fallback(const WindowResult& result, const DecodeOptions& options) {
  const bool repeats = result.compression_ratio > options.compression_ratio_threshold;
  const bool guessed = result.avg_logprob < options.logprob_threshold;
  return (repeats || guessed || result.looped) && !is_silence(result, options);
}

Result<std::vector<Language>> detect_languages(const Model& model, const Vocabulary& vocabulary,
                                               const engine::Value& encoder_states) {
  if (!vocabulary.is_multilingual()) return std::vector<Language>{{"en", 1}};
  const auto decoder = model.decoder(encoder_states);
  const int32_t start = vocabulary.start_of_transcript();
  constexpr int64_t kOnly[] = {0};
  ASSIGN_OR_RETURN(const engine::Value logits, decoder->feed(std::span(&start, 1), 1, kOnly));
  ASSIGN_OR_RETURN(const TensorView view, logits.view());
  const std::span<const float> row = view.as<float>();
  std::vector<float> scores;
  for (const auto& [code, token] : vocabulary.languages()) {
    if (static_cast<size_t>(token) >= row.size()) break;
    scores.push_back(row[static_cast<size_t>(token)]);
  }
  if (scores.empty())
    return failed_precondition("decoder logits: expected language tokens in them");
  std::vector<Language> languages;
  for (const int32_t i : generate::top(scores, scores.size())) {
    languages.push_back(
        {vocabulary.languages()[static_cast<size_t>(i)].first, generate::probability(scores, i)});
  }
  return languages;
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
