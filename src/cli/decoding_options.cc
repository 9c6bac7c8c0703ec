#include "cli/decoding_options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

namespace escuta::cli {
namespace {

constexpr std::string_view kDefaultTemperatures = "0,0.2,0.4,0.6,0.8,1";
constexpr double kMostTemperature = 10;

Result<std::vector<double>> parse_temperatures(std::string_view list) {
  std::vector<double> temperatures;
  for (size_t start = 0; start <= list.size();) {
    const size_t end = std::min(list.find(',', start), list.size());
    const std::string_view text = list.substr(start, end - start);
    double value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || rest != text.data() + text.size() || !(value >= 0) ||
        value > kMostTemperature) {
      return invalid_argument(
          "--temperature: expected numbers from 0 to {} with commas such as {}, found `{}`",
          kMostTemperature, kDefaultTemperatures, list);
    }
    temperatures.push_back(value);
    start = end + 1;
  }
  return temperatures;
}

// An option that was typed has an effect, or the reader is told what it needs.
Status need(bool typed, bool has_effect, std::string_view option, std::string_view needed) {
  if (!typed || has_effect) return Status();
  return invalid_argument("{}: expected {} beside it; without, it has no effect", option, needed);
}

}  // namespace

void add_decoding_options(CLI::App& command, DecodingOptions& o) {
  const std::string group = "Decoding";
  const auto add = [&](const char* name, auto& value, const char* help) {
    return command.add_option(name, value, help)->group(group);
  };
  add("--beam-size", o.beam_size, "Hypotheses of beam search at temperature 0; 1: greedy (1)")
      ->check(CLI::Range(1, 64));
  add("--best-of", o.best_of, "Samples at temperatures over 0, of which the best is taken (5)")
      ->check(CLI::Range(1, 64));
  add("--patience", o.patience, "Beam search waits for beam size * patience ends (1)")
      ->check(CLI::Range(0.1, 100.0));
  add("--length-penalty", o.length_penalty,
      "Ranks by log probability / ((5 + length) / 6)^P (by the mean)")
      ->check(CLI::Range(0.0, 10.0));
  add("--repetition-penalty", o.repetition_penalty,
      "Over 1: what was said in the window is less probable again (1)")
      ->check(CLI::Range(0.1, 10.0));
  add("--no-repeat-ngram-size", o.no_repeat_ngram_size,
      "No run of so many tokens comes twice in a window; 0: any may (0)")
      ->check(CLI::Range(0, 448));
  add("--temperature", o.temperatures,
      "Tried in order until a text passes the thresholds (0,0.2,0.4,0.6,0.8,1)")
      ->type_name("T[,T...]");
  add("--compression-ratio-threshold", o.compression_ratio_threshold,
      "A text that compresses better repeats itself: the next temperature (2.4)");
  add("--logprob-threshold", o.logprob_threshold,
      "So is one whose mean log probability is below this")
      ->capture_default_str();
  add("--no-speech-threshold", o.no_speech_threshold,
      "Above this probability of no speech such a one is silence instead")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  add("--max-initial-timestamp", o.max_initial_timestamp,
      "Seconds that a window's first words may begin late (1)")
      ->check(CLI::Range(0.0, 30.0));
  add("--seed", o.seed, "Of the samples: the same seed, the same text (0)");
}

Status understand_decoding(const DecodingOptions& typed, whisper::DecodeOptions& decoding) {
  ASSIGN_OR_RETURN(
      decoding.temperatures,
      parse_temperatures(typed.temperatures.value_or(std::string(kDefaultTemperatures))));
  const bool samples = std::ranges::any_of(decoding.temperatures, [](double t) { return t > 0; });
  const bool searches = std::ranges::any_of(decoding.temperatures, [](double t) { return t == 0; });
  decoding.beam_size = typed.beam_size.value_or(decoding.beam_size);
  decoding.best_of = typed.best_of.value_or(decoding.best_of);
  const bool beams = searches && decoding.beam_size > 1;
  const bool ranks = beams || (samples && decoding.best_of > 1);
  RETURN_IF_ERROR(need(decoding.beam_size > 1, searches, "--beam-size", "temperature 0"));
  RETURN_IF_ERROR(need(decoding.best_of > 1 && typed.best_of.has_value(), samples, "--best-of",
                       "a --temperature over 0"));
  RETURN_IF_ERROR(need(typed.patience.has_value(), beams, "--patience", "--beam-size over 1"));
  RETURN_IF_ERROR(need(typed.length_penalty.has_value(), ranks, "--length-penalty",
                       "--beam-size or --best-of over 1"));
  RETURN_IF_ERROR(need(typed.seed.has_value(), samples, "--seed", "a --temperature over 0"));
  RETURN_IF_ERROR(need(typed.compression_ratio_threshold.has_value(),
                       decoding.temperatures.size() > 1, "--compression-ratio-threshold",
                       "several temperatures"));
  RETURN_IF_ERROR(need(typed.max_initial_timestamp.has_value(), decoding.timestamps,
                       "--max-initial-timestamp", "timestamps"));
  decoding.max_initial_timestamp_s = typed.max_initial_timestamp;
  decoding.patience = typed.patience.value_or(decoding.patience);
  decoding.length_penalty = typed.length_penalty;
  decoding.repetition_penalty = typed.repetition_penalty.value_or(decoding.repetition_penalty);
  decoding.no_repeat_ngram_size =
      typed.no_repeat_ngram_size.value_or(decoding.no_repeat_ngram_size);
  decoding.compression_ratio_threshold =
      typed.compression_ratio_threshold.value_or(decoding.compression_ratio_threshold);
  decoding.logprob_threshold = typed.logprob_threshold;
  decoding.no_speech_threshold = typed.no_speech_threshold;
  decoding.seed = typed.seed.value_or(decoding.seed);
  return Status();
}

}  // namespace escuta::cli
