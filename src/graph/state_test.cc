#include "graph/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace escuta::graph {
namespace {

struct Io {
  std::string name;
  DType dtype = DType::kFloat;
  int rank = 4;  // -1: not known
};

Graph graph_of(const std::vector<Io>& inputs, const std::vector<Io>& outputs) {
  Graph graph;
  const auto add = [&](const Io& io) {
    Value value;
    value.name = io.name;
    value.fact.dtype = io.dtype;
    if (io.rank >= 0) value.fact.shape.emplace(static_cast<size_t>(io.rank));
    return graph.add_value(std::move(value));
  };
  for (const Io& io : inputs) graph.inputs.push_back(add(io));
  for (const Io& io : outputs) graph.outputs.push_back(add(io));
  return graph;
}

std::vector<std::pair<std::string, std::string>> pairs_of(const std::vector<Io>& inputs,
                                                          const std::vector<Io>& outputs) {
  std::vector<std::pair<std::string, std::string>> names;
  for (const StatePair& pair : find_state_pairs(graph_of(inputs, outputs))) {
    names.emplace_back(inputs[pair.input].name, outputs[pair.output].name);
  }
  return names;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(StatePairs, DecodersOfHuggingFace) {
  // The encoder's keys are not given again: they stay as they are.
  EXPECT_THAT(
      pairs_of(
          {{"input_ids", DType::kInt64, 2},
           {"past_key_values.0.decoder.key"},
           {"past_key_values.0.encoder.key"},
           {"past_key_values.1.decoder.key"}},
          {{"logits", DType::kFloat, 3}, {"present.1.decoder.key"}, {"present.0.decoder.key"}}),
      ElementsAre(Pair("past_key_values.0.decoder.key", "present.0.decoder.key"),
                  Pair("past_key_values.1.decoder.key", "present.1.decoder.key")));
  EXPECT_THAT(pairs_of({{"past_key_values.0.key"}}, {{"present.0.key"}}),
              ElementsAre(Pair("past_key_values.0.key", "present.0.key")));
  EXPECT_THAT(pairs_of({{"past.0.key"}}, {{"present.0.key"}}),
              ElementsAre(Pair("past.0.key", "present.0.key")));
  EXPECT_THAT(pairs_of({{"past_key_self_0"}, {"past_key_cross_0"}}, {{"present_key_self_0"}}),
              ElementsAre(Pair("past_key_self_0", "present_key_self_0")));
}

TEST(StatePairs, Recurrent) {
  EXPECT_THAT(pairs_of({{"input"}, {"h"}, {"c"}}, {{"output"}, {"hn"}, {"cn"}}),
              ElementsAre(Pair("h", "hn"), Pair("c", "cn")));
  EXPECT_THAT(pairs_of({{"input"}, {"state"}}, {{"output"}, {"stateN"}}),
              ElementsAre(Pair("state", "stateN")));
  EXPECT_THAT(pairs_of({{"cached_len_0"}}, {{"new_cached_len_0"}}),
              ElementsAre(Pair("cached_len_0", "new_cached_len_0")));
  EXPECT_THAT(pairs_of({{"input"}}, {{"output"}}), IsEmpty());
  EXPECT_THAT(pairs_of({{"i"}}, {{"in"}}), IsEmpty());
}

TEST(StatePairs, TypeAndRankMustFit) {
  EXPECT_THAT(pairs_of({{"past.0", DType::kFloat16}}, {{"present.0", DType::kFloat}}), IsEmpty());
  EXPECT_THAT(pairs_of({{"past.0", DType::kFloat, 4}}, {{"present.0", DType::kFloat, 3}}),
              IsEmpty());
  EXPECT_THAT(pairs_of({{"past.0", DType::kFloat, -1}}, {{"present.0", DType::kFloat, 3}}),
              ElementsAre(Pair("past.0", "present.0")));
}

TEST(StateNames, AreTheSameOnBothSidesAndAcrossFiles) {
  EXPECT_EQ(past_state_name("past_key_values.0.encoder.key"), "0.encoder.key");
  EXPECT_EQ(present_state_name("present.0.encoder.key"), "0.encoder.key");
  EXPECT_EQ(past_state_name("past_key_cross_0"), present_state_name("present_key_cross_0"));
  EXPECT_EQ(past_state_name("input_ids"), std::nullopt);
  EXPECT_EQ(past_state_name("pasta.0"), std::nullopt);
  EXPECT_EQ(past_state_name("past"), std::nullopt);
}

}  // namespace
}  // namespace escuta::graph
