#include "models/whisper/grammar_rule.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/json.h"

namespace escuta::whisper {
namespace {

using Ids = std::vector<int32_t>;
constexpr int32_t kA = 0, kB = 1, kSpace = 2, kAb = 3, kEnd = 4, kZero = 11, kVocabulary = 13;

Vocabulary letters() {
  Json json = {{"version", "1.0"},
               {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
               {"decoder", {{"type", "ByteLevel"}}},
               {"model",
                {{"type", "BPE"},
                 {"vocab", {{"a", kA}, {"b", kB}, {"\u0120", kSpace}, {"ab", kAb}}},
                 {"merges", Json::array({"a b"})}}}};
  json["added_tokens"] = Json::array();
  int id = kEnd;
  for (const char* token :
       {"<|endoftext|>", "<|startoftranscript|>", "<|translate|>", "<|transcribe|>",
        "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>", "<|0.00|>", "<|0.02|>"}) {
    json["added_tokens"].push_back({{"id", id++},
                                    {"content", token},
                                    {"special", true},
                                    {"single_word", false},
                                    {"lstrip", false},
                                    {"rstrip", false},
                                    {"normalized", false}});
  }
  Config config;
  config.vocab_size = kVocabulary;
  config.is_multilingual = false;
  return Vocabulary::create(text::Tokenizer::parse(json_dump(json)).value(), config).value();
}

// Text, end and timestamps that may follow, special tokens aside.
Ids allowed(const generate::LogitRule& rule, const Ids& sampled, const Ids& suppressed = {}) {
  std::vector<float> logits(kVocabulary, 1.0f);
  for (const int32_t token : {5, 6, 7, 8, 9, 10}) logits[static_cast<size_t>(token)] = -INFINITY;
  for (const int32_t token : suppressed) logits[static_cast<size_t>(token)] = -INFINITY;
  rule.apply(sampled, logits);
  Ids ids;
  for (int32_t id = 0; id < kVocabulary; ++id) {
    if (!std::isinf(logits[static_cast<size_t>(id)])) ids.push_back(id);
  }
  return ids;
}

TEST(GrammarRule, AllowsWhatGoesOn) {
  const Vocabulary vocabulary = letters();
  const auto rule =
      grammar_rule(text::Grammar::parse("root ::= \"aba\" | \"b\"").value(), vocabulary);
  EXPECT_EQ(allowed(*rule, {}), (Ids{kA, kB, kSpace, kAb, kZero, kZero + 1}));
  EXPECT_EQ(allowed(*rule, {kZero}), (Ids{kA, kB, kSpace, kAb, kZero, kZero + 1}));
  EXPECT_EQ(allowed(*rule, {kSpace}), (Ids{kA, kB, kAb}));
  EXPECT_EQ(allowed(*rule, {kZero, kA}), (Ids{kB}));
  EXPECT_EQ(allowed(*rule, {kSpace, kAb}), (Ids{kA}));
  EXPECT_EQ(allowed(*rule, {kAb, kA}), (Ids{kEnd, kZero, kZero + 1}));
  EXPECT_EQ(allowed(*rule, {kB, kZero}), (Ids{kEnd, kZero, kZero + 1}));
}

TEST(GrammarRule, EndsWhereNothingIsLeft) {
  const Vocabulary vocabulary = letters();
  const auto rule = grammar_rule(text::Grammar::parse("root ::= \"ab\"+").value(), vocabulary);
  EXPECT_EQ(allowed(*rule, {kA}, {kB}), (Ids{kEnd}));
  EXPECT_EQ(allowed(*rule, {kSpace, kSpace}), (Ids{kEnd}));  // was never of the grammar
  EXPECT_EQ(allowed(*rule, {kAb, kAb}), (Ids{kA, kEnd - 1, kEnd, kZero, kZero + 1}));
}

}  // namespace
}  // namespace escuta::whisper
