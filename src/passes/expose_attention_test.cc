#include "passes/expose_attention.h"

#include <gmock/gmock.h>

#include "passes/test_model.h"

namespace escuta::passes {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;

struct Form {
  bool columns = false;  // keys by one transposition, beside those that are an output
  bool batched = false;  // batch and heads as one dimension, as PyTorch's bmm has them
  bool scaled = false;   // queries / 2, and the scores * 3
};

// Two heads of four over q [B, T, 8], k and v [B, S, 8]; `k_heads` is an output, as decoders give
// their keys back, and `weights` [B, 2, T, S] is there to compare with where the form has it so.
TestModel attention(const Form& form) {
  TestModel model;
  model.ints("split", {0, 0, 2, 4}).ints("join", {0, 0, 8}).number("two", 2).number("three", 3);
  model.ints("batch", {-1, 5, 4}).ints("queries", {-1, 3, 4}).ints("apart", {-1, 2, 3, 4});
  for (const std::string x : {"q", "k", "v"}) {
    model.input(x, {"batch_size", x == "q" ? "rows" : "keys", "8"});
    model.node("Reshape", {x, "split"}, {x + "_rows"});
    model.transpose(x + "_rows", x + "_heads", {0, 2, 1, 3});
  }
  std::string q = "q_heads", k = "k_heads", v = "v_heads";
  if (form.scaled) model.node("Div", {q, "two"}, {"halved"}), q = "halved";
  if (form.batched) {
    model.node("Reshape", {q, "queries"}, {"q_all"}).node("Reshape", {k, "batch"}, {"k_all"});
    model.node("Reshape", {v, "batch"}, {"v_all"});
    q = "q_all", k = "k_all", v = "v_all";
    model.transpose(k, "k_columns", {0, 2, 1});
  } else if (form.columns) {
    model.transpose("k_rows", "k_columns", {0, 2, 3, 1});
  } else {
    model.transpose(k, "k_columns", {0, 1, 3, 2});
  }
  model.node("MatMul", {q, "k_columns"}, {"product"});
  std::string scores = "product";
  if (form.scaled) model.node("Mul", {"three", scores}, {"times"}), scores = "times";
  model.node("Softmax", {scores}, {"weights"}, {attribute_of("axis", int64_t{-1})});
  model.node("MatMul", {"weights", v}, {"heads"});
  std::string heads = "heads";
  if (form.batched) model.node("Reshape", {heads, "apart"}, {"again"}), heads = "again";
  model.transpose(heads, "out_rows", {0, 2, 1, 3});
  return model.node("Reshape", {"out_rows", "join"}, {"y"});
}

Values inputs(const std::vector<int64_t>& heads) {
  return {{"q", random_floats({2, 3, 8}, 1)},
          {"k", random_floats({2, 5, 8}, 2)},
          {"v", random_floats({2, 5, 8}, 3)},
          {"which", datum_of<int64_t>({static_cast<int64_t>(heads.size())}, heads)}};
}

const AttentionTap kTap = {.keys = "k_heads", .heads = "which", .weights = "seen"};

Datum run_tapped(const graph::Model& model, const std::vector<int64_t>& heads) {
  Result<Values> found = run_nodes(model, inputs(heads));
  EXPECT_TRUE(found.ok()) << found.status().to_string();
  return found.ok() ? found->at("seen") : Datum();
}

// The weights of each head, in the order asked for, are those that the attention itself uses.
TEST(ExposeAttention, GivesTheWeightsOfTheHeadsThatAreWanted) {
  for (const Form form : {Form{}, Form{.columns = true}, Form{.batched = true},
                          Form{.scaled = true}, Form{.batched = true, .scaled = true}}) {
    SCOPED_TRACE(::testing::Message() << "columns " << form.columns << ", batched " << form.batched
                                      << ", scaled " << form.scaled);
    const TestModel plain = attention(form).outputs({"weights"});
    Values given = inputs({});
    given.erase("which");
    const Datum all =
        run_nodes(optimize(plain.model(), {{"all"}, {}}).value(), given).value().at("weights");
    TestModel made = attention(form).outputs({"y", "k_heads"});
    const Result<graph::Model> tapped = expose_attention(made.model(), {&kTap, 1});
    ASSERT_TRUE(tapped.ok()) << tapped.status().to_string();
    for (const bool fused : {false, true}) {
      const graph::Model model = fused ? optimize(*tapped, {}).value() : *tapped;
      const Datum seen = run_tapped(model, {1, 0});
      ASSERT_EQ(seen.shape(), (Shape{2, 2, 3, 5}));
      for (size_t i = 0; i < 60; ++i) {
        const size_t batch = i / 30, head = i / 15 % 2, rest = i % 15;
        EXPECT_NEAR(seen.as<float>()[i], all.as<float>()[batch * 30 + (1 - head) * 15 + rest], 1e-6)
            << i;
      }
      EXPECT_EQ(run_tapped(model, {1}).shape(), (Shape{2, 1, 3, 5}));
      EXPECT_EQ(run_tapped(model, {}).shape(), (Shape{2, 0, 3, 5}));
    }
  }
}

TEST(ExposeAttention, LeavesTheAttentionItselfToBeFused) {
  for (const bool batched : {false, true}) {
    TestModel made = attention({.batched = batched}).outputs({"y", "k_heads"});
    const graph::Model before = optimize(made.model(), {}).value();
    const Result<graph::Model> tapped = expose_attention(made.model(), {&kTap, 1});
    ASSERT_TRUE(tapped.ok()) << tapped.status().to_string();
    const graph::Model after = optimize(*tapped, {}).value();
    ASSERT_THAT(operators_of(before.graph), Contains(Key("MultiHeadAttention")));
    EXPECT_EQ(operators_of(after.graph)["MultiHeadAttention"],
              operators_of(before.graph)["MultiHeadAttention"]);
    EXPECT_EQ(operators_of(after.graph)["Softmax"], 1);
  }
}

TEST(ExposeAttention, SaysWhatIsNotThere) {
  TestModel made = attention({}).outputs({"y", "k_heads", "v_heads"});
  const auto message = [&](const AttentionTap& tap) {
    return std::string(expose_attention(made.model(), {&tap, 1}).status().message());
  };
  EXPECT_THAT(message({.keys = "nobody", .heads = "h", .weights = "w"}),
              HasSubstr("expected an output `nobody`, found none"));
  EXPECT_THAT(message({.keys = "v_heads", .heads = "h", .weights = "w"}),
              HasSubstr("expected softmax(Q K^T) of the keys `v_heads`"));
  EXPECT_THAT(message({.keys = "k_heads", .heads = "q", .weights = "w"}),
              HasSubstr("expected no value `q` yet"));
}

// The graph as a branch that captures its inputs.
graph::GraphPtr branch_of(const TestModel& made, const graph::Graph& outer) {
  auto body = std::make_shared<graph::Graph>(made.model().graph);
  for (const graph::ValueId id : body->inputs) {
    body->captures.push_back({id, outer.find(body->value(id).name)});
  }
  body->inputs.clear();
  return body;
}

// The other one hands keys on, or gives placeholders.
class Branches : public ::testing::TestWithParam<const char*> {};

TEST_P(Branches, TheOneThatMakesTheKeysGivesWeights) {
  const TestModel makes = attention({}).outputs({"y", "k_heads"});
  TestModel given;  // the keys of an earlier step
  given.input("q", {"batch_size", "rows", "8"}).input("past", {"batch_size", "2", "keys", "4"});
  given.node("Neg", {"q"}, {"y"}).node(GetParam(), {"past"}, {"k_heads"});
  given.outputs({"y", "k_heads"});
  TestModel model;
  model.input("cached", {}, DType::kBool).input("past", {"batch_size", "2", "keys", "4"});
  for (const char* x : {"q", "k", "v"}) model.input(x, {"batch_size", "n", "8"});
  model.node("If", {"cached"}, {"y", "k_heads"},
             {attribute_of("then_branch", branch_of(given, model.model().graph)),
              attribute_of("else_branch", branch_of(makes, model.model().graph))});
  model.outputs({"y", "k_heads"});
  const Result<graph::Model> tapped = expose_attention(model.model(), {&kTap, 1});
  ASSERT_TRUE(tapped.ok()) << tapped.status().to_string();
  const graph::Graph& graph = tapped->graph;
  ASSERT_EQ(graph.outputs.size(), 3u);
  EXPECT_EQ(graph.value(graph.outputs[2]).name, "seen");
  const auto bodies = graph.node(0).subgraphs();
  ASSERT_EQ(bodies.size(), 2u);
  EXPECT_THAT(operators_of(*bodies[0]), Not(Contains(Key("Softmax"))));
  EXPECT_EQ(operators_of(*bodies[1])["Softmax"], 2);
  for (const auto& body : bodies) {
    ASSERT_EQ(body->outputs.size(), 3u);
    EXPECT_EQ(body->value(body->outputs[2]).fact.dtype, DType::kFloat);
  }
  // The branch alone, with what it captures as inputs.
  graph::Model alone = *tapped;
  alone.graph = *bodies[1];
  for (const graph::Capture& capture : alone.graph.captures) {
    alone.graph.inputs.push_back(capture.inner);
  }
  const Values found = run_nodes(alone, inputs({1})).value();
  EXPECT_EQ(found.at(alone.graph.value(alone.graph.outputs[2]).name).shape(), (Shape{2, 1, 3, 5}));
}

INSTANTIATE_TEST_SUITE_P(ExposeAttention, Branches, ::testing::Values("Identity", "Neg"));

}  // namespace
}  // namespace escuta::passes
