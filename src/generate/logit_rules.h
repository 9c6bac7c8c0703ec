// Rules that forbid tokens before one is chosen: they set logits to minus infinity.
//
// The rules are those of openai/whisper's decoding.py (SuppressTokens, SuppressBlank,
// ApplyTimestampRules), which its models were evaluated with. Immutable; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace escuta::generate {

class LogitRule {
 public:
  virtual ~LogitRule() = default;
  // logits [V] of the next token; `sampled`: the tokens chosen so far, without the prompt.
  virtual void apply(std::span<const int32_t> sampled, std::span<float> logits) const = 0;
};

using LogitRules = std::vector<std::shared_ptr<const LogitRule>>;

// Never any of `tokens`. Ids outside the vocabulary are ignored.
std::unique_ptr<const LogitRule> suppress_tokens(std::vector<int32_t> tokens);

// None of `tokens` as the first one (a blank, or the end at once).
std::unique_ptr<const LogitRule> suppress_at_begin(std::vector<int32_t> tokens);

struct TimestampTokens {
  int32_t timestamp_begin = 0;         // <|0.00|>; all ids from here on are timestamps
  int32_t end_of_text = 0;             // ids from here up to timestamp_begin are special
  int32_t no_timestamps = -1;          // <|notimestamps|>, or -1
  std::optional<int32_t> max_initial;  // steps that the first timestamp may be after the start
};

// Timestamps come in pairs, do not go back, and are chosen when together they are more probable
// than any text token.
std::unique_ptr<const LogitRule> timestamp_rules(const TimestampTokens& tokens);

// Who has ended a segment before the timestamp `until` begins another: the end token does not
// follow its timestamps. A text may be empty all the same.
std::unique_ptr<const LogitRule> no_end_before(int32_t until, const TimestampTokens& tokens);

// Tokens below text_end that were chosen before: logits over 0 are divided by `penalty`, others
// multiplied (Keskar et al., 2019).
std::unique_ptr<const LogitRule> repetition_penalty(double penalty, int32_t text_end);

// No run of `size` tokens comes twice: its last token is not chosen, where that is below text_end.
std::unique_ptr<const LogitRule> no_repeated_ngrams(size_t size, int32_t text_end);

// While one of `phrases` is being said, its next token gets `boost` on its logit, and half of that
// where one could begin: a bias of beams and of what greedy search chooses (a trie of phrases as in
// "shallow fusion" contextual biasing, Williams et al., 2018). Only tokens below text_end count.
std::unique_ptr<const LogitRule> boost_phrases(const std::vector<std::vector<int32_t>>& phrases,
                                               double boost, int32_t text_end);

void apply_rules(const LogitRules& rules, std::span<const int32_t> sampled,
                 std::span<float> logits);

}  // namespace escuta::generate
