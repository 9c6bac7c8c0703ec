// Nodes that change nothing, branches that are known, what is computed twice; and such as only look
// so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "passes/test_model.h"

namespace escuta::passes {
namespace {

using testing::Contains;
using testing::Key;
using testing::Pair;

using Operators = std::map<std::string, int>;
using Ints = std::vector<int64_t>;

const Values kX = {{"x", random_floats({2, 3, 4})}};

// x [n, 3, 4] through `build`, whose result goes through Neg: how many of each operator stay.
Operators after(const std::function<std::string(TestModel&)>& build, int64_t opset = 17) {
  TestModel model(opset);
  model.input("x", {"n", "3", "4"});
  const std::string result = build(model);
  return operators_of(optimized(model.node("Neg", {result}, {"y"}).outputs({"y"}), kX).graph);
}

std::string add(TestModel& model, const std::string& op, const Strings& inputs,
                std::vector<graph::Attribute> attributes = {}) {
  const std::string output = "v" + std::to_string(model.model().graph.nodes().size());
  model.node(op, inputs, {output}, std::move(attributes));
  return output;
}

const Operators kOnlyNeg = {{"Neg", 1}};

TEST(CleanUp, RemovesWhatHandsOn) {
  EXPECT_EQ(after([](TestModel& m) { return add(m, "Identity", {"x"}); }), kOnlyNeg);
  EXPECT_EQ(after([](TestModel& m) { return add(m, "Dropout", {"x"}); }), kOnlyNeg);
  EXPECT_EQ(
      after([](TestModel& m) { return add(m, "Cast", {"x"}, {attribute_of("to", int64_t{1})}); }),
      kOnlyNeg);
  EXPECT_EQ(after([](TestModel& m) {
              return add(m, "Concat", {"x"}, {attribute_of("axis", int64_t{0})});
            }),
            kOnlyNeg);
  EXPECT_EQ(after([](TestModel& m) {
              m.ints("pads", {0, 0, 0, 0, 0, 0});
              return add(m, "Pad", {"x", "pads"});
            }),
            kOnlyNeg);
  EXPECT_EQ(after([](TestModel& m) {
              m.ints("begin", {0}).ints("end", {3}).ints("axis", {1});
              return add(m, "Slice", {"x", "begin", "end", "axis"});
            }),
            kOnlyNeg);
}

TEST(CleanUp, KeepsWhatChangesSomething) {
  EXPECT_THAT(after([](TestModel& m) {
                m.ints("begin", {-1}).ints("end", {-4}).ints("axis", {1}).ints("step", {-1});
                return add(m, "Slice", {"x", "begin", "end", "axis", "step"});
              }),
              Contains(Key("Slice")));
  EXPECT_THAT(after([](TestModel& m) {
                m.ints("pads", {0, 1, 0, 0, -1, 0});
                return add(m, "Pad", {"x", "pads"});
              }),
              Contains(Key("Pad")));
  EXPECT_THAT(
      after([](TestModel& m) { return add(m, "Cast", {"x"}, {attribute_of("to", int64_t{11})}); }),
      Contains(Key("Cast")));
}

TEST(CleanUp, RemovesNeutralNumbersExactly) {
  const auto with = [](const char* op, float number, bool first) {
    return after([=](TestModel& m) {
      m.number("number", number);
      return first ? add(m, op, {"number", "x"}) : add(m, op, {"x", "number"});
    });
  };
  EXPECT_EQ(with("Mul", 1, true), kOnlyNeg);
  EXPECT_EQ(with("Mul", 1, false), kOnlyNeg);
  EXPECT_EQ(with("Div", 1, false), kOnlyNeg);
  EXPECT_EQ(with("Add", -0.0f, true), kOnlyNeg);
  EXPECT_EQ(with("Sub", 0, false), kOnlyNeg);
  EXPECT_THAT(with("Add", 0, false), Contains(Key("Add")));  // -0 + 0 is 0
  EXPECT_THAT(with("Sub", 0, true), Contains(Key("Sub")));
  EXPECT_THAT(with("Div", 1, true), Contains(Key("Div")));
}

// x [n, 3, 4] * [1, 1, 1, 1] has another shape.
TEST(CleanUp, KeepsOnesThatAddDimensions) {
  EXPECT_THAT(after([](TestModel& m) {
                m.constant("one", datum_of<float>({1, 1, 1, 1}, {1}));
                return add(m, "Mul", {"x", "one"});
              }),
              Contains(Key("Mul")));
}

TEST(CleanUp, JoinsTranspositions) {
  const auto perms = [](const Ints& first, const Ints& second) {
    return after([=](TestModel& m) {
      m.transpose("x", "t", first).transpose("t", "u", second);
      return std::string("u");
    });
  };
  EXPECT_EQ(perms({0, 2, 1}, {0, 2, 1}), kOnlyNeg);
  EXPECT_EQ(perms({1, 2, 0}, {2, 0, 1}), kOnlyNeg);
  EXPECT_EQ(perms({1, 2, 0}, {1, 2, 0}), (Operators{{"Transpose", 1}, {"Neg", 1}}));
}

TEST(CleanUp, JoinsReshapes) {
  EXPECT_EQ(after([](TestModel& m) {
              m.ints("flat", {-1}).ints("shape", {-1, 3, 4});
              return add(m, "Reshape", {add(m, "Reshape", {"x", "flat"}), "shape"});
            }),
            (Operators{{"Reshape", 1}, {"Neg", 1}}));
  EXPECT_EQ(after([](TestModel& m) {
              m.ints("axes", {1}).ints("shape", {0, 3, 4});
              const std::string wide = add(m, "Unsqueeze", {"x", "axes"});
              return add(m, "Squeeze", {wide, "axes"});
            }).count("Neg"),
            1U);
  // 0 takes a dimension of what the first one makes.
  EXPECT_EQ(after([](TestModel& m) {
              m.ints("flat", {-1, 6}).ints("shape", {0, 3, 2});
              return add(m, "Reshape", {add(m, "Reshape", {"x", "flat"}), "shape"});
            }),
            (Operators{{"Reshape", 2}, {"Neg", 1}}));
}

TEST(CleanUp, LeavesNamesOfOutputs) {
  TestModel made;
  made.input("x", {"n", "3", "4"}).node("Neg", {"x"}, {"a"}).node("Identity", {"a"}, {"y"});
  made.node("Identity", {"x"}, {"z"}).outputs({"y", "z"});
  const graph::Model model = optimized(made, kX);
  EXPECT_EQ(operators_of(model.graph), (Operators{{"Neg", 1}, {"Identity", 1}}));
}

// --- common_subexpressions ---

TEST(CommonSubexpressions, ComputesOnce) {
  EXPECT_EQ(
      after([](TestModel& m) {
        m.number("two", 2).number("deux", 2);
        const std::string a = add(m, "Mul", {"x", "two"});
        return add(m, "Add", {add(m, "Exp", {a}), add(m, "Exp", {add(m, "Mul", {"x", "deux"})})});
      }),
      (Operators{{"Mul", 1}, {"Exp", 1}, {"Add", 1}, {"Neg", 1}}));
}

TEST(CommonSubexpressions, TellsAttributesConstantsAndOrderApart) {
  EXPECT_EQ(after([](TestModel& m) {
              m.number("zero", 0).number("less", -0.0f).number("two", 2);
              const std::string a = add(m, "Div", {"x", "two"}), b = add(m, "Div", {"two", "x"});
              const std::string c = add(m, "Elu", {a}, {attribute_of("alpha", 1.0f)});
              const std::string d = add(m, "Elu", {a}, {attribute_of("alpha", 2.0f)});
              const std::string e = add(m, "Max", {b, "zero"}), f = add(m, "Max", {b, "less"});
              return add(m, "Sum", {c, d, e, f});
            }),
            (Operators{{"Div", 2}, {"Elu", 2}, {"Max", 2}, {"Sum", 1}, {"Neg", 1}}));
}

TEST(CommonSubexpressions, LeavesRandomNumbers) {
  TestModel made;
  made.input("x", {"n", "3", "4"});
  made.node("RandomNormalLike", {"x"}, {"a"}).node("RandomNormalLike", {"x"}, {"b"});
  made.node("Sub", {"a", "b"}, {"y"}).outputs({"y"});
  const auto model = optimize(made.model(), {});
  ASSERT_TRUE(model.ok());
  EXPECT_THAT(operators_of(model->graph), Contains(Pair("RandomNormalLike", 2)));
}

// --- choose_branches ---

graph::GraphPtr branch(const std::string& op, graph::ValueId outer, bool hands_on) {
  auto body = std::make_shared<graph::Graph>();
  graph::Value captured, made;
  captured.name = "x";
  made.name = "made_by_" + op;
  const graph::ValueId x = body->add_value(captured), y = body->add_value(made);
  body->captures = {{x, outer}};
  graph::Node node;
  node.op_type = op;
  node.inputs = {x};
  node.outputs = {y};
  body->add_node(node);
  body->outputs = {hands_on ? x : y};
  return body;
}

TestModel conditional(bool condition, bool hands_on = false) {
  TestModel made;
  made.input("x", {"n", "3", "4"}).constant("condition", datum_of<bool>({}, {condition}));
  const graph::ValueId x = made.model().graph.find("x");
  return made.node("If", {"condition"}, {"y"},
                   {attribute_of("then_branch", branch("Exp", x, hands_on)),
                    attribute_of("else_branch", branch("Neg", x, hands_on))});
}

TEST(ChooseBranches, PutsTheBranchInPlace) {
  for (const bool condition : {true, false}) {
    TestModel made = conditional(condition).outputs({"y"});
    const auto model = optimize(made.model(), {});
    ASSERT_TRUE(model.ok()) << model.status().to_string();
    EXPECT_EQ(operators_of(model->graph), (Operators{{condition ? "Exp" : "Neg", 1}}));
    EXPECT_EQ(model->graph.value(model->graph.outputs[0]).name, "y");
    const Result<Values> values = run_nodes(*model, kX);
    ASSERT_TRUE(values.ok()) << values.status().to_string();
    const float x = kX.at("x").as<float>()[5];
    EXPECT_FLOAT_EQ(values->at("y").as<float>()[5], condition ? std::exp(x) : -x);
  }
}

TEST(ChooseBranches, HandsOnWhatTheBranchCaptures) {
  TestModel made = conditional(true, true).outputs({"y"});
  const auto model = optimize(made.model(), {});
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  EXPECT_EQ(operators_of(model->graph), (Operators{{"Identity", 1}}));
}

}  // namespace
}  // namespace escuta::passes
