#include "engine/schedule.h"

#include <gmock/gmock.h>

#include "passes/test_model.h"

namespace escuta::engine {
namespace {

using passes::Strings;
using passes::TestModel;
using ::testing::ElementsAre;

// The first output of each node, in the order in which they run.
Strings order_of(const TestModel& model) {
  const graph::Graph& graph = model.model().graph;
  Strings names;
  for (const graph::NodeId id : schedule(graph)) {
    names.push_back(graph.value(graph.node(id).outputs.front()).name);
  }
  return names;
}

TEST(Schedule, WhatCouldRunAtAnyTimeRunsWhereItIsNeeded) {
  TestModel model;
  model.input("states", {"4"}).input("ids", {"4"});
  model.node("Exp", {"states"}, {"key0"}).node("Neg", {"key0"}, {"turned0"});
  model.node("Exp", {"states"}, {"key1"}).node("Neg", {"key1"}, {"turned1"});
  model.node("Abs", {"ids"}, {"x"});
  model.node("Sqrt", {"x"}, {"x0"}).node("Add", {"x0", "key0"}, {"y0"});
  model.node("Sqrt", {"y0"}, {"x1"}).node("Add", {"x1", "key1"}, {"y1"});
  model.outputs({"y1", "turned0", "turned1"});
  EXPECT_THAT(order_of(model),
              ElementsAre("x", "x0", "key0", "turned0", "y0", "x1", "key1", "turned1", "y1"));
}

TEST(Schedule, OtherGraphsKeepTheirOrder) {
  TestModel model;
  model.input("a", {"4"}).input("b", {"4"});
  model.node("Abs", {"a"}, {"out0"});  // only leaves
  model.node("Abs", {"a"}, {"x"}).node("Sqrt", {"x"}, {"y"}).node("Neg", {"x"}, {"z"});
  model.node("Add", {"y", "z"}, {"out1"});
  model.outputs({"out0", "out1"});
  EXPECT_THAT(order_of(model), ElementsAre("out0", "x", "y", "z", "out1"));
}

// What is only handed on may be read together with something else, before its head is.
TEST(Schedule, EveryNodeRunsAfterWhatItReads) {
  TestModel model;
  model.input("a", {"4"}).input("b", {"4"});
  model.node("Abs", {"b"}, {"m"}).node("Sqrt", {"m"}, {"m2"});
  model.node("Exp", {"a"}, {"head"}).node("Neg", {"head"}, {"turned"});
  model.node("Add", {"turned", "m"}, {"out0"});
  model.node("Sqrt", {"m2"}, {"m3"}).node("Add", {"m3", "head"}, {"sum"});
  model.node("Neg", {"sum"}, {"out1"});
  model.outputs({"out0", "out1"});
  EXPECT_THAT(order_of(model),
              ElementsAre("m", "m2", "head", "turned", "out0", "m3", "sum", "out1"));
}

}  // namespace
}  // namespace escuta::engine
