#include "graph/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "onnx/test_models.h"

namespace escuta::graph {
namespace {

using onnx::testing::graph_attribute;
using onnx::testing::node;
using onnx::testing::small_model;
using onnx::testing::value;
using ::testing::HasSubstr;

std::string import_message(onnx::Model model) {
  const auto imported = import_model(std::move(model));
  if (imported.ok()) return "OK";
  EXPECT_EQ(imported.status().code(), StatusCode::kInvalidArgument);
  return std::string(imported.status().message());
}

std::vector<std::string> op_types(const Graph& graph) {
  std::vector<std::string> types;
  for (const Node& n : graph.nodes()) types.push_back(n.op_type);
  return types;
}

TEST(Import, TurnsNamesIntoIds) {
  const auto model = import_model(small_model());
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  const Graph& graph = model->graph;
  ASSERT_EQ(graph.inputs.size(), 1u);
  ASSERT_EQ(graph.outputs.size(), 1u);
  const ValueId weight = graph.find("w");
  ASSERT_NE(weight, kNoValue);
  EXPECT_EQ(graph.node(0).inputs, (std::vector<ValueId>{graph.inputs[0], weight}));
  EXPECT_EQ(graph.value(graph.outputs[0]).producer, 1);
  EXPECT_EQ(graph.value(graph.inputs[0]).producer, kNoNode);
  EXPECT_EQ(graph.value(weight).fact.to_string(), "float [2]");
  EXPECT_EQ(graph.value(weight).fact.constant->view().as<float>()[1], -2.0f);
  EXPECT_EQ(graph.find("none"), kNoValue);
  EXPECT_EQ(model->opset(""), 17);
  EXPECT_EQ(model->opset("com.microsoft"), 0);
}

TEST(Import, ConstantsKeepTheirBytesAlive) {
  ConstantPtr constant;
  {
    auto def = onnx::testing::parse_text(onnx::serialize_model(small_model()).value());
    ASSERT_TRUE(def.ok());
    const auto model = import_model(*std::move(def));
    ASSERT_TRUE(model.ok());
    constant = model->graph.value(model->graph.find("w")).fact.constant;
  }
  EXPECT_EQ(constant->view().as<float>()[0], 1.0f);
}

TEST(Import, SortsNodesThatComeInAnotherOrder) {
  onnx::Model model = small_model();
  std::swap(model.graph.nodes[0], model.graph.nodes[1]);
  const auto imported = import_model(std::move(model));
  ASSERT_TRUE(imported.ok()) << imported.status().to_string();
  EXPECT_THAT(op_types(imported->graph), ::testing::ElementsAre("Mul", "Neg"));
}

TEST(Import, KeepsAnOrderThatIsRight) {
  onnx::Model model = small_model();
  model.graph.nodes = {node("B", {"x"}, {"b"}), node("A", {"x"}, {"a"}),
                       node("C", {"a", "b"}, {"y"})};
  EXPECT_THAT(op_types(import_model(std::move(model))->graph),
              ::testing::ElementsAre("B", "A", "C"));
}

TEST(Import, NamesTheNodesOfACycle) {
  onnx::Model model = small_model();
  model.graph.nodes = {node("Neg", {"c"}, {"a"}), node("Neg", {"a"}, {"b"}),
                       node("Add", {"b", "x"}, {"c"}), node("Neg", {"c"}, {"y"})};
  const std::string message = import_message(std::move(model));
  EXPECT_THAT(message, HasSubstr("expected a graph without cycles, found node `n_"));
  for (const char* name : {"n_a", "n_b", "n_c"}) EXPECT_THAT(message, HasSubstr(name));
  EXPECT_THAT(message, Not(HasSubstr("n_y")));

  onnx::Model itself = small_model();
  itself.graph.nodes = {node("Neg", {"y"}, {"y"})};
  EXPECT_THAT(import_message(std::move(itself)), HasSubstr("without cycles"));
}

TEST(Import, ACycleThroughASubgraphIsFound) {
  onnx::Model model = small_model();
  onnx::GraphDef branch;
  branch.nodes = {node("Neg", {"y"}, {"inner"})};  // y is what the If itself gives
  branch.outputs = {value("inner")};
  model.graph.nodes = {node("If", {"x"}, {"y"})};
  model.graph.nodes[0].attributes = {graph_attribute("then_branch", branch)};
  EXPECT_THAT(import_message(std::move(model)), HasSubstr("without cycles"));
}

TEST(Import, EveryNameIsDefinedOnce) {
  onnx::Model twice_output = small_model();
  twice_output.graph.nodes.push_back(node("Abs", {"x"}, {"m"}));
  EXPECT_THAT(import_message(std::move(twice_output)),
              HasSubstr("node `n_m` (Abs): output `m`: expected a name of its own"));
  onnx::Model twice_initializer = small_model();
  twice_initializer.graph.initializers.push_back(twice_initializer.graph.initializers[0]);
  EXPECT_THAT(import_message(std::move(twice_initializer)), HasSubstr("initializer `w`"));
  onnx::Model twice_input = small_model();
  twice_input.graph.inputs.push_back(value("x"));
  EXPECT_THAT(import_message(std::move(twice_input)), HasSubstr("graph input `x`"));
  onnx::Model output_is_input = small_model();
  output_is_input.graph.nodes.push_back(node("Abs", {"m"}, {"x"}));
  EXPECT_THAT(import_message(std::move(output_is_input)), HasSubstr("output `x`"));
  onnx::Model twice_graph_output = small_model();
  twice_graph_output.graph.outputs.push_back(value("y"));
  EXPECT_THAT(import_message(std::move(twice_graph_output)), HasSubstr("found it twice"));
  onnx::Model default_twice = small_model();
  default_twice.graph.inputs.push_back(value("w"));
  default_twice.graph.initializers.push_back(default_twice.graph.initializers[0]);
  EXPECT_THAT(import_message(std::move(default_twice)), HasSubstr("initializer `w`"));
}

TEST(Import, EveryNameThatIsUsedIsDefined) {
  onnx::Model input = small_model();
  input.graph.nodes[0].inputs[1] = "lost";
  EXPECT_EQ(import_message(std::move(input)),
            "node `n_m` (Mul): expected its input `lost` to be an input, an initializer or another "
            "node's output, found no such value");
  onnx::Model output = small_model();
  output.graph.outputs = {value("lost")};
  EXPECT_THAT(import_message(std::move(output)), HasSubstr("graph output `lost`"));
}

TEST(Import, NeedsAnOperatorSetForEachDomain) {
  onnx::Model none = small_model();
  none.opset_imports.clear();
  EXPECT_THAT(import_message(std::move(none)), HasSubstr("import the operator set `ai.onnx`"));
  onnx::Model foreign = small_model();
  foreign.graph.nodes[0].domain = "com.microsoft";
  EXPECT_THAT(import_message(foreign), HasSubstr("import the operator set `com.microsoft`"));
  foreign.opset_imports.push_back({"com.microsoft", 1});
  EXPECT_EQ(import_message(std::move(foreign)), "OK");
  onnx::Model two = small_model();
  two.opset_imports.push_back({"ai.onnx", 17});  // the same set by its other name
  EXPECT_EQ(import_message(two), "OK");
  two.opset_imports.back().version = 18;
  EXPECT_THAT(import_message(std::move(two)), HasSubstr("expected one version, found 17 and 18"));
  onnx::Model old = small_model();
  old.ir_version = 2;
  old.opset_imports.clear();
  EXPECT_EQ(import_model(std::move(old))->opset(""), 1);
  onnx::Model unversioned = small_model();
  unversioned.ir_version = 0;
  EXPECT_THAT(import_message(std::move(unversioned)), HasSubstr("IR version"));
}

TEST(Import, InputsWithAnInitializerAreOptional) {
  const auto model = load_model(onnx::testing::fixture("ir3.onnx"));
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  const Graph& graph = (*model)->graph;
  ASSERT_EQ(graph.inputs.size(), 1u);
  EXPECT_EQ(graph.value(graph.inputs[0]).name, "x");
  ASSERT_EQ(graph.optional_inputs.size(), 1u);
  EXPECT_EQ(graph.value(graph.optional_inputs[0]).name, "weight");
  EXPECT_NE(graph.value(graph.optional_inputs[0]).fact.constant, nullptr);
}

TEST(Import, AnInitializerAgreesWithItsInput) {
  onnx::Model type = small_model();
  type.graph.inputs.push_back(value("w", DType::kInt64));
  EXPECT_THAT(import_message(std::move(type)),
              HasSubstr("initializer `w`: expected int64 [2] as the input of that name, found "
                        "float [2]"));
  onnx::Model shape = small_model();
  shape.graph.inputs.push_back(value("w"));
  shape.graph.inputs.back().type.shape = {onnx::DimDef(int64_t{3})};
  EXPECT_THAT(import_message(shape), HasSubstr("expected float [3]"));
  shape.graph.inputs.back().type.shape = {onnx::DimDef("N")};
  EXPECT_EQ(import_message(std::move(shape)), "OK");
}

TEST(Import, SubgraphsCaptureWhatTheyUse) {
  const auto model = load_model(onnx::testing::fixture("subgraphs.onnx"));
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  const Graph& graph = (*model)->graph;
  const Node& outer_if = graph.node(1);
  ASSERT_EQ(outer_if.op_type, "If");
  const auto* then = outer_if.get<GraphPtr>("then_branch");
  ASSERT_NE(then, nullptr);
  // The inner branches use x and twice, so the graph between them captures both, and flag.
  std::vector<std::string> captured;
  for (const Capture& capture : (*then)->captures) {
    const Value& outer = graph.value(capture.outer);
    EXPECT_EQ((*then)->value(capture.inner).name, outer.name);
    EXPECT_EQ((*then)->value(capture.inner).fact.to_string(), outer.fact.to_string());
    captured.push_back(outer.name);
  }
  EXPECT_THAT(captured, ::testing::UnorderedElementsAre("flag", "x", "twice"));
  const auto* body = graph.node(2).get<GraphPtr>("body");
  ASSERT_NE(body, nullptr);
  EXPECT_EQ((*body)->inputs.size(), 3u);
  EXPECT_EQ(graph.node(2).inputs[1], kNoValue);
}

TEST(Import, FunctionsMayNotReachThemselves) {
  const auto function = [](const std::string& name, const std::string& calls) {
    onnx::FunctionDef def;
    def.name = name;
    def.domain = "local";
    def.inputs = {"a"};
    def.outputs = {"b"};
    def.nodes = {node(calls, {"a"}, {"b"})};
    def.nodes[0].domain = calls == "Neg" ? "" : "local";
    def.opset_imports = {{"", 17}, {"local", 1}};
    return def;
  };
  onnx::Model model = small_model();
  model.functions = {function("F", "G"), function("G", "Neg")};
  EXPECT_EQ(import_message(model), "OK");
  model.functions[1] = function("G", "F");
  EXPECT_THAT(import_message(model), HasSubstr("do not call themselves"));
  model.functions[1] = function("F", "Neg");
  EXPECT_THAT(import_message(std::move(model)), HasSubstr("one definition, found two"));
}

TEST(Import, AttributeReferencesBelongInFunctions) {
  onnx::Model model = small_model();
  onnx::AttributeDef& attribute = model.graph.nodes[0].attributes.emplace_back();
  attribute.name = "axis";
  attribute.type = onnx::AttributeDef::Type::kInt;
  attribute.ref_attr_name = "by";
  EXPECT_THAT(import_message(model), HasSubstr("found a reference to an attribute `by`"));
  model.graph.nodes[0].attributes[0].ref_attr_name.clear();
  EXPECT_EQ(import_message(model), "OK");
  model.graph.nodes[0].attributes.push_back(model.graph.nodes[0].attributes[0]);
  EXPECT_THAT(import_message(std::move(model)), HasSubstr("attribute `axis`: expected one"));
}

TEST(Import, SparseIndicesAreInRange) {
  static constexpr float kValues[] = {1.0f, 2.0f};
  const auto sparse_model = [](const std::vector<int64_t>& indices, std::vector<int64_t> shape) {
    onnx::SparseTensorDef sparse;
    sparse.values = onnx::testing::floats("s", {2}, kValues);
    sparse.indices.dtype = DType::kInt64;
    sparse.indices.dims = std::move(shape);
    sparse.indices.bytes = std::as_bytes(std::span(indices));
    sparse.dims = {3, 4};
    onnx::Model model = small_model();
    model.graph.sparse_initializers = {sparse};
    return import_message(std::move(model));
  };
  EXPECT_EQ(sparse_model({1, 11}, {2}), "OK");
  EXPECT_EQ(sparse_model({0, 1, 2, 3}, {2, 2}), "OK");
  EXPECT_THAT(sparse_model({1, 12}, {2}), HasSubstr("expected indices below 12, found 12"));
  EXPECT_THAT(sparse_model({0, 1, -1, 3}, {2, 2}), HasSubstr("found -1"));
  EXPECT_THAT(sparse_model({5, 5}, {2}), HasSubstr("ascending"));
  EXPECT_THAT(sparse_model({1, 2, 3}, {3}), HasSubstr("expected int64 indices of shape [2]"));
}

// 20,000 nodes each, in the worst order, and names that all collide in one scope.
TEST(Import, StaysFastOnLargeGraphs) {
  constexpr int kNodes = 20'000;
  onnx::Model model = small_model();
  model.graph.nodes.clear();
  for (int i = kNodes; i > 0; --i) {
    model.graph.nodes.push_back(
        node("Neg", {i == 1 ? "x" : fmt::format("v{}", i - 1)}, {fmt::format("v{}", i)}));
  }
  model.graph.outputs = {value(fmt::format("v{}", kNodes))};
  for (int i = 0; i < kNodes; ++i) {
    model.graph.inputs.push_back(value(fmt::format("w{}", i)));
    model.graph.initializers.push_back(model.graph.initializers[0]);
    model.graph.initializers.back().name = fmt::format("w{}", i);
  }
  const auto imported = import_model(std::move(model));
  ASSERT_TRUE(imported.ok()) << imported.status().to_string();
  EXPECT_EQ(imported->graph.optional_inputs.size(), static_cast<size_t>(kNodes));
  EXPECT_EQ(imported->graph.nodes().size(), static_cast<size_t>(kNodes));
}

TEST(LoadModel, MessagesStartWithThePath) {
  const TemporaryFolder folder;
  onnx::Model model = small_model();
  model.graph.nodes[0].inputs[1] = "lost";
  const auto path = folder.write("m.onnx", onnx::serialize_model(model).value());
  EXPECT_THAT(load_model(path).status().message(), ::testing::StartsWith(path.string() + ": node"));
  // A cut right after the graph loses the operator sets.
  const std::string whole = onnx::serialize_model(small_model()).value();
  const auto cut = folder.write("cut.onnx", whole.substr(0, whole.size() - 4));
  EXPECT_FALSE(load_model(cut).ok());
}

}  // namespace
}  // namespace escuta::graph
