// Cuts text into the words that BPE works on: the "pre_tokenizer" of a tokenizer.json.
//
// Supported: ByteLevel, Split, Digits and a Sequence of them that ends in ByteLevel. The rule how
// matches become pieces is that of Hugging Face's tokenizers (SplitDelimiterBehavior). Immutable
// after create(); any thread.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "text/regex.h"

namespace escuta::text {

enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

// The pieces of `text`, given where a pattern matched in it; `invert` swaps match and rest.
std::vector<TextRange> split_ranges(std::string_view text, const std::vector<TextRange>& matches,
                                    SplitBehavior behavior, bool invert);

class Splitter {
 public:
  // `config` is the value of "pre_tokenizer". Unimplemented if it is of a kind not listed above.
  static Result<Splitter> create(const nlohmann::json& config);

  // Calls `word` with each word of `text` (well-formed UTF-8) in order; none is empty.
  void split(std::string_view text, const std::function<void(std::string_view)>& word) const;

 private:
  struct Step {
    std::optional<Regex> regex;  // none: the piece stays whole
    SplitBehavior behavior = SplitBehavior::kIsolated;
    bool invert = false;
    bool prefix_space = false;  // a piece that does not begin with a space gets one
  };
  Status add(const nlohmann::json& config);
  Status add_sequence(const nlohmann::json& config);
  Status add_byte_level(const nlohmann::json& config);
  Status add_split(const nlohmann::json& config);
  Status add_digits(const nlohmann::json& config);
  void run(size_t step, std::string_view text,
           const std::function<void(std::string_view)>& word) const;

  std::vector<Step> steps_;
  bool byte_level_ = false;
};

}  // namespace escuta::text
