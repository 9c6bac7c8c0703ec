#include "text/splitter.h"

#include <algorithm>
#include <string>

namespace escuta::text {
namespace {

using Json = nlohmann::json;

// openai/gpt-2, encoder.py: contractions, words, numbers, other signs, white space.
constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

constexpr size_t kMaxSteps = 64;

struct Piece {
  TextRange range;
  bool is_match;
};

std::vector<Piece> cover(size_t size, const std::vector<TextRange>& matches, bool invert) {
  std::vector<Piece> pieces;
  size_t at = 0;
  for (const TextRange& match : matches) {
    if (at != match.begin) pieces.push_back({{at, match.begin}, invert});
    pieces.push_back({match, !invert});
    at = match.end;
  }
  if (at != size) pieces.push_back({{at, size}, invert});
  return pieces;
}

// Each match joins the piece before it (in the order of `pieces`), unless that is a match too.
std::vector<TextRange> merge_matches(const std::vector<Piece>& pieces) {
  std::vector<TextRange> merged;
  bool previous_match = false;
  for (const Piece& piece : pieces) {
    if (piece.is_match && !previous_match && !merged.empty()) {
      merged.back().begin = std::min(merged.back().begin, piece.range.begin);
      merged.back().end = std::max(merged.back().end, piece.range.end);
    } else {
      merged.push_back(piece.range);
    }
    previous_match = piece.is_match;
  }
  return merged;
}

std::vector<TextRange> join_runs(const std::vector<Piece>& pieces) {
  std::vector<TextRange> joined;
  bool previous_match = false;
  for (const Piece& piece : pieces) {
    if (piece.is_match == previous_match && !joined.empty()) {
      joined.back().end = piece.range.end;
    } else {
      joined.push_back(piece.range);
    }
    previous_match = piece.is_match;
  }
  return joined;
}

Result<bool> bool_or(const Json& config, const char* key, bool fallback) {
  const auto it = config.find(key);
  if (it == config.end() || it->is_null()) return fallback;
  if (!it->is_boolean()) {
    return invalid_argument("`{}`: expected true or false, found {}", key, it->type_name());
  }
  return it->get<bool>();
}

std::string string_or_empty(const Json& config, const char* key) {
  const auto it = config.find(key);
  return it != config.end() && it->is_string() ? it->get<std::string>() : std::string();
}

Result<SplitBehavior> parse_behavior(const std::string& name) {
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  return invalid_argument(
      "`behavior`: expected Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous, "
      "found `{}`",
      name);
}

}  // namespace

std::vector<TextRange> split_ranges(std::string_view text, const std::vector<TextRange>& matches,
                                    SplitBehavior behavior, bool invert) {
  std::vector<Piece> pieces = cover(text.size(), matches, invert);
  std::vector<TextRange> ranges;
  switch (behavior) {
    case SplitBehavior::kRemoved:
      std::erase_if(pieces, [](const Piece& piece) { return piece.is_match; });
      [[fallthrough]];
    case SplitBehavior::kIsolated:
      for (const Piece& piece : pieces) ranges.push_back(piece.range);
      break;
    case SplitBehavior::kMergedWithPrevious:
      ranges = merge_matches(pieces);
      break;
    case SplitBehavior::kMergedWithNext:
      std::reverse(pieces.begin(), pieces.end());
      ranges = merge_matches(pieces);
      std::reverse(ranges.begin(), ranges.end());
      break;
    case SplitBehavior::kContiguous:
      ranges = join_runs(pieces);
      break;
  }
  std::erase_if(ranges, [](const TextRange& range) { return range.begin == range.end; });
  return ranges;
}

Result<Splitter> Splitter::create(const Json& config) {
  Splitter splitter;
  if (!config.is_object()) {
    return unimplemented(
        "`pre_tokenizer`: expected ByteLevel (alone, or last in a Sequence), found {}; only "
        "byte-level tokenizers are supported",
        config.type_name());
  }
  if (Status status = splitter.add(config); !status.ok()) {
    return status.with_context("`pre_tokenizer`");
  }
  if (!splitter.byte_level_) {
    return unimplemented(
        "`pre_tokenizer`: expected ByteLevel as the last step, found none; only byte-level "
        "tokenizers are supported");
  }
  return splitter;
}

Status Splitter::add(const Json& config) {
  if (steps_.size() == kMaxSteps) {
    return invalid_argument("expected at most {} steps, found more", kMaxSteps);
  }
  const std::string type = string_or_empty(config, "type");
  if (type == "Sequence") return add_sequence(config);
  if (byte_level_) return unimplemented("expected ByteLevel as the last step, found `{}`", type);
  if (type == "ByteLevel") return add_byte_level(config);
  if (type == "Split") return add_split(config);
  if (type == "Digits") return add_digits(config);
  return unimplemented("expected ByteLevel, Split, Digits or Sequence, found `{}`", type);
}

Status Splitter::add_sequence(const Json& config) {
  const auto steps = config.find("pretokenizers");
  if (steps == config.end() || !steps->is_array()) {
    return invalid_argument("Sequence: expected a list `pretokenizers`, found none");
  }
  for (const Json& step : *steps) {
    if (!step.is_object()) {
      return invalid_argument("Sequence: expected objects, found {}", step.type_name());
    }
    RETURN_IF_ERROR(add(step));
  }
  return Status();
}

Status Splitter::add_byte_level(const Json& config) {
  Step step;
  ASSIGN_OR_RETURN(step.prefix_space, bool_or(config, "add_prefix_space", true));
  ASSIGN_OR_RETURN(const bool use_regex, bool_or(config, "use_regex", true));
  if (use_regex) {
    ASSIGN_OR_RETURN(step.regex, Regex::compile(kGpt2Pattern));
  }
  byte_level_ = true;
  if (step.regex.has_value() || step.prefix_space) steps_.push_back(std::move(step));
  return Status();
}

Status Splitter::add_split(const Json& config) {
  Step step;
  const auto pattern = config.find("pattern");
  if (pattern == config.end() || !pattern->is_object()) {
    return invalid_argument(
        "Split: expected a `pattern` of {{\"Regex\": ...}} or {{\"String\": ...}}");
  }
  if (const std::string regex = string_or_empty(*pattern, "Regex"); !regex.empty()) {
    ASSIGN_OR_RETURN(step.regex, Regex::compile(regex));
  } else if (const std::string literal = string_or_empty(*pattern, "String"); !literal.empty()) {
    ASSIGN_OR_RETURN(step.regex, Regex::literal(literal));
  } else {
    return invalid_argument(
        "Split: expected a `pattern` of {{\"Regex\": ...}} or {{\"String\": ...}}");
  }
  ASSIGN_OR_RETURN(step.behavior, parse_behavior(string_or_empty(config, "behavior")));
  ASSIGN_OR_RETURN(step.invert, bool_or(config, "invert", false));
  steps_.push_back(std::move(step));
  return Status();
}

Status Splitter::add_digits(const Json& config) {
  ASSIGN_OR_RETURN(const bool individual, bool_or(config, "individual_digits", false));
  Step step;
  ASSIGN_OR_RETURN(step.regex, Regex::compile(R"(\p{N})"));
  step.behavior = individual ? SplitBehavior::kIsolated : SplitBehavior::kContiguous;
  steps_.push_back(std::move(step));
  return Status();
}

void Splitter::split(std::string_view text,
                     const std::function<void(std::string_view)>& word) const {
  if (!text.empty()) run(0, text, word);
}

void Splitter::run(size_t index, std::string_view text,
                   const std::function<void(std::string_view)>& word) const {
  if (index == steps_.size()) {
    word(text);
    return;
  }
  const Step& step = steps_[index];
  std::string prefixed;
  if (step.prefix_space && text[0] != ' ') {
    prefixed.assign(1, ' ').append(text);
    text = prefixed;
  }
  if (!step.regex.has_value()) {
    run(index + 1, text, word);
    return;
  }
  for (const TextRange& range :
       split_ranges(text, step.regex->find_all(text), step.behavior, step.invert)) {
    run(index + 1, text.substr(range.begin, range.end - range.begin), word);
  }
}

}  // namespace escuta::text
