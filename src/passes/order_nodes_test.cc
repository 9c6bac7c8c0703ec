#include "passes/order_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "passes/infer.h"
#include "passes/test_model.h"

namespace escuta::passes {
namespace {

using testing::ElementsAre;

// What the nodes make, in their order.
Strings order_of(const graph::Graph& graph) {
  Strings names;
  for (const graph::Node& node : graph.nodes()) names.push_back(graph.value(node.outputs[0]).name);
  return names;
}

// Two layers, each with a state that is an output, all products first and all outputs last.
TEST(OrderNodes, MakesValuesJustBeforeTheyAreRead) {
  TestModel model;
  model.input("x", {"3", "3"}).input("e", {"3", "3"});
  for (const char* k : {"k0", "k1"}) model.node("MatMul", {"e", "e"}, {k});
  model.node("Add", {"x", "k0"}, {"y0"}).node("Add", {"y0", "k1"}, {"y1"});
  for (const char* layer : {"0", "1"}) {
    model.node("Neg", {std::string("k") + layer}, {std::string("n") + layer});
    model.node("Abs", {std::string("n") + layer}, {std::string("present") + layer});
  }
  model.outputs({"y1", "present0", "present1"});
  ASSERT_TRUE(infer(model.model()).ok());
  const Values inputs = {{"x", random_floats({3, 3})}, {"e", random_floats({3, 3}, 2)}};
  const Values before = run_nodes(model.model(), inputs).value();
  ASSERT_TRUE(order_nodes(model.model()).ok());
  EXPECT_THAT(order_of(model.model().graph),
              ElementsAre("k0", "n0", "present0", "y0", "k1", "n1", "present1", "y1"));
  const Values after = run_nodes(model.model(), inputs).value();
  for (const auto& [name, datum] : before) {
    EXPECT_TRUE(std::ranges::equal(datum.as<float>(), after.at(name).as<float>())) << name;
  }
}

TEST(OrderNodes, PlacesEachNodeOfAnyGraphOnceAndAfterWhatItReads) {
  std::mt19937 random(5);
  for (int round = 0; round < 2000; ++round) {
    TestModel model;
    model.input("v0", {"4"}).input("v1", {"4"});
    const size_t count = 2 + random() % 14;
    for (size_t i = 2; i < count; ++i) {
      Strings reads;
      for (size_t j = 0; j <= random() % 3; ++j) {
        reads.push_back("v" + std::to_string(random() % i));
      }
      model.node("Sum", reads, {"v" + std::to_string(i)});
    }
    model.outputs({"v" + std::to_string(random() % count), "v" + std::to_string(count - 1)});
    ASSERT_TRUE(order_nodes(model.model()).ok());
    const graph::Graph& graph = model.model().graph;
    EXPECT_EQ(graph.nodes().size(), count - 2);
    std::set<graph::ValueId> made(graph.inputs.begin(), graph.inputs.end());
    for (const graph::Node& node : graph.nodes()) {
      for (const graph::ValueId input : node.inputs) ASSERT_TRUE(made.contains(input)) << round;
      ASSERT_TRUE(made.insert(node.outputs[0]).second) << round;
    }
  }
}

TEST(OrderNodes, KeepsWhatNobodyReadsAndDeepGraphs) {
  TestModel model;
  model.input("x0", {"1"});
  for (int i = 0; i < 100000; ++i) {
    model.node("Neg", {"x" + std::to_string(i)}, {"x" + std::to_string(i + 1)});
  }
  model.node("Abs", {"x5"}, {"unread"}).outputs({"x100000"});
  ASSERT_TRUE(order_nodes(model.model()).ok());
  EXPECT_EQ(model.model().graph.nodes().size(), 100001u);
}

}  // namespace
}  // namespace escuta::passes
