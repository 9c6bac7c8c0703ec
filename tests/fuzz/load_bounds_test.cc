// What loading a model may cost: memory of at most 4 times the file (with the floor of
// onnx/limits.h), and work that is bounded, whatever the file says.
#include <gtest/gtest.h>
#include <malloc.h>

#include <unistd.h>
#include <atomic>

#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>

#include "engine/session.h"
#include "onnx/limits.h"
#include "onnx/writer.h"
#include "registry/registry.h"

// Counts what is allocated. Sanitizers have allocators of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ESCUTA_COUNTS_ALLOCATIONS
namespace {
std::atomic<size_t> g_live{0}, g_peak{0}, g_all{0};
void* counted(void* block) {
  if (block == nullptr) return block;
  const size_t size = malloc_usable_size(block);
  g_all += size;
  const size_t live = g_live += size;
  size_t peak = g_peak;
  while (live > peak && !g_peak.compare_exchange_weak(peak, live)) {
  }
  return block;
}
}  // namespace
extern "C" void* __libc_malloc(size_t size);                      // NOLINT: glibc's own
extern "C" void* __libc_calloc(size_t count, size_t size);        // NOLINT
extern "C" void* __libc_realloc(void* block, size_t size);        // NOLINT
extern "C" void* __libc_memalign(size_t alignment, size_t size);  // NOLINT
extern "C" void __libc_free(void* block);                         // NOLINT
extern "C" void* malloc(size_t size) { return counted(__libc_malloc(size)); }
extern "C" void* calloc(size_t count, size_t size) { return counted(__libc_calloc(count, size)); }
extern "C" void* aligned_alloc(size_t alignment, size_t size) {
  return counted(__libc_memalign(alignment, size));
}
extern "C" void* realloc(void* block, size_t size) {
  if (block != nullptr) g_live -= malloc_usable_size(block);
  return counted(__libc_realloc(block, size));
}
extern "C" void free(void* block) {
  if (block != nullptr) g_live -= malloc_usable_size(block);
  __libc_free(block);
}
#endif

namespace escuta::fuzz {
namespace {

using onnx::AttributeDef;
using onnx::GraphDef;
using onnx::NodeDef;
using onnx::TensorDef;

constexpr size_t kMegabyte = size_t{1} << 20;

struct Cost {
  size_t file = 0, peak = 0, all = 0;
  double seconds = 0;
  bool ok = false;
};

Cost cost_of(const std::filesystem::path& path) {
  static engine::Registry* const registry = [] {
    auto* made = new engine::Registry;
    EXPECT_TRUE(add_all_providers(*made, {}).ok());
    return made;
  }();
  engine::SessionOptions options;
  options.providers = {"cpu"};
  options.compile.threads = 1;
  Cost cost;
  cost.file = std::filesystem::file_size(path);
#ifdef ESCUTA_COUNTS_ALLOCATIONS
  const size_t before = g_live, all = g_all;
  g_peak = before;
#endif
  const auto start = std::chrono::steady_clock::now();
  {
    const auto session = engine::Session::load(*registry, path, options);
    cost.ok = session.ok();
    if (!session.ok()) {
      EXPECT_NE(session.status().message(), "");
    }
  }
  cost.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
#ifdef ESCUTA_COUNTS_ALLOCATIONS
  cost.peak = g_peak - before;
  cost.all = g_all - all;
#endif
  return cost;
}

// Allocations in all are a measure of work that does not depend on the machine.
void expect_bounded(const Cost& cost, const std::string& name) {
  const size_t allowed = onnx::kMemoryFloor + onnx::kMemoryPerFileByte * cost.file;
  EXPECT_LE(cost.peak, allowed) << name << ": " << cost.file << " bytes";
  EXPECT_LE(cost.all, 8 * allowed) << name << ": " << cost.file << " bytes";
  EXPECT_LE(cost.seconds, 20) << name << ": " << cost.file << " bytes";
}

Cost load(const onnx::Model& model, const std::string& name) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("escuta_load_bounds_" + name + "_" + std::to_string(getpid()) + ".onnx");
  const auto bytes = onnx::serialize_model(model);
  EXPECT_TRUE(bytes.ok()) << bytes.status().to_string();
  std::ofstream(path, std::ios::binary) << *bytes;
  const Cost cost = cost_of(path);
  std::filesystem::remove(path);
  expect_bounded(cost, name);
  ::testing::Test::RecordProperty("peak_kib", static_cast<int>(cost.peak >> 10));
  ::testing::Test::RecordProperty("all_kib", static_cast<int>(cost.all >> 10));
  ::testing::Test::RecordProperty("ms", static_cast<int>(cost.seconds * 1e3));
  ::testing::Test::RecordProperty("file_kib", static_cast<int>(cost.file >> 10));
  ::testing::Test::RecordProperty("loads", cost.ok);
  return cost;
}

// --- Models ---

onnx::ValueInfo value(std::string name, DType dtype = DType::kFloat) {
  onnx::ValueInfo info;
  info.name = std::move(name);
  info.type.kind = onnx::TypeDef::Kind::kTensor;
  info.type.dtype = dtype;
  return info;
}

NodeDef node(std::string op, std::vector<std::string> inputs, std::vector<std::string> outputs,
             std::vector<AttributeDef> attributes = {}) {
  NodeDef def;
  def.op_type = std::move(op);
  def.inputs = std::move(inputs);
  def.outputs = std::move(outputs);
  def.attributes = std::move(attributes);
  return def;
}

AttributeDef integer(std::string name, int64_t i) {
  AttributeDef def;
  def.name = std::move(name);
  def.type = AttributeDef::Type::kInt;
  def.i = i;
  return def;
}

AttributeDef graph_attribute(std::string name, GraphDef graph) {
  AttributeDef def;
  def.name = std::move(name);
  def.type = AttributeDef::Type::kGraph;
  def.graphs = {std::make_shared<const GraphDef>(std::move(graph))};
  return def;
}

// A model that grows in a test: float input x, output y, integers as initializers.
struct Maker {
  onnx::Model model;
  std::deque<std::vector<int64_t>> storage;

  Maker() {
    model.ir_version = 8;
    model.opset_imports = {{"", 17}};
    model.graph.name = "g";
    model.graph.inputs = {value("x")};
    model.graph.outputs = {value("y")};
  }
  TensorDef ints(std::string name, std::vector<int64_t> values, bool scalar = false) {
    storage.push_back(std::move(values));
    TensorDef def;
    def.name = std::move(name);
    def.dtype = DType::kInt64;
    if (!scalar) def.dims = {static_cast<int64_t>(storage.back().size())};
    def.bytes = std::as_bytes(std::span(storage.back()));
    return def;
  }
  void constant(std::string name, std::vector<int64_t> values, bool scalar = false) {
    model.graph.initializers.push_back(ints(std::move(name), std::move(values), scalar));
  }
  void add(NodeDef def) { model.graph.nodes.push_back(std::move(def)); }
  // y = x + the sum of what was made, so that nothing is dead.
  void sum(const std::string& prefix, int count) {
    std::string last = "x";
    for (int i = 0; i < count; ++i) {
      const std::string next = i + 1 == count ? "y" : "s" + std::to_string(i);
      add(node("Add", {last, prefix + std::to_string(i)}, {next}));
      last = next;
    }
  }
};

std::string numbered(const char* prefix, int i) { return prefix + std::to_string(i); }

onnx::Model tiny_nodes(int count) {
  Maker maker;
  for (int i = 0; i < count; ++i) {
    maker.add(node("Neg", {i == 0 ? "x" : numbered("n", i - 1)},
                   {i + 1 == count ? "y" : numbered("n", i)}));
  }
  return maker.model;
}

// More than any real model has, of fewer bytes each, still load.
TEST(LoadBounds, TinyNodes) { EXPECT_TRUE(load(tiny_nodes(50'000), "tiny_nodes").ok); }

TEST(LoadBounds, TooManyTinyNodes) { load(tiny_nodes(300'000), "many_tiny_nodes"); }

TEST(LoadBounds, ManyTinyConstants) {
  Maker maker;
  for (int i = 0; i < 200'000; ++i) maker.constant(numbered("c", i), {i}, true);
  maker.add(node("Neg", {"x"}, {"y"}));
  load(maker.model, "constants");
}

TEST(LoadBounds, ManyValueInfos) {
  Maker maker;
  for (int i = 0; i < 300'000; ++i)
    maker.model.graph.value_infos.push_back(value(numbered("v", i)));
  maker.add(node("Neg", {"x"}, {"y"}));
  load(maker.model, "value_infos");
}

TEST(LoadBounds, ManyFilledConstants) {
  Maker maker;
  maker.constant("shape", {16384});
  constexpr int kNodes = 8'000;
  for (int i = 0; i < kNodes; ++i) {
    maker.add(node("ConstantOfShape", {"shape"}, {numbered("z", i)}));
    maker.add(node("Cast", {numbered("z", i)}, {numbered("c", i)}, {integer("to", 1)}));
  }
  maker.sum("c", kNodes);
  EXPECT_TRUE(load(maker.model, "filled").ok);
}

TEST(LoadBounds, RangesTilesAndExpansions) {
  Maker maker;
  maker.constant("zero", {0}, true);
  maker.constant("one", {1}, true);
  maker.constant("column", {8000, 1});
  maker.constant("twice", {2, 1});
  constexpr int kNodes = 2'000;
  for (int i = 0; i < kNodes; ++i) {
    maker.constant(numbered("limit", i), {4000 + i}, true);
    maker.add(node("Range", {"zero", numbered("limit", i), "one"}, {numbered("r", i)}));
    maker.add(node("Expand", {numbered("r", i), "column"}, {numbered("e", i)}));
    maker.add(node("Tile", {numbered("e", i), "twice"}, {numbered("t", i)}));
    maker.add(node("Cast", {numbered("t", i)}, {numbered("c", i)}, {integer("to", 1)}));
  }
  maker.sum("c", kNodes);
  EXPECT_TRUE(load(maker.model, "ranges").ok);
}

// Each node's result is as large as its two inputs, which are one.
TEST(LoadBounds, DoublingByConcat) {
  Maker maker;
  maker.constant("d0", std::vector<int64_t>(1024, 1));
  constexpr int kNodes = 30;
  for (int i = 0; i < kNodes; ++i) {
    maker.add(node("Concat", {numbered("d", i), numbered("d", i)}, {numbered("d", i + 1)},
                   {integer("axis", 0)}));
  }
  maker.add(node("Cast", {numbered("d", kNodes)}, {"c0"}, {integer("to", 1)}));
  maker.sum("c", 1);
  EXPECT_TRUE(load(maker.model, "doubling").ok);
}

// Few elements in and out, any number of products in between.
TEST(LoadBounds, SumsOverManyAxes) {
  Maker maker;
  maker.constant("v", std::vector<int64_t>(2000, 1));
  AttributeDef equation;
  equation.name = "equation";
  equation.type = AttributeDef::Type::kString;
  equation.s = "a,b,c,d->";
  maker.model.opset_imports = {{"", 17}};
  maker.add(node("Einsum", {"v", "v", "v", "v"}, {"e"}, {equation}));
  maker.add(node("Cast", {"e"}, {"c0"}, {integer("to", 1)}));
  maker.sum("c", 1);
  EXPECT_TRUE(load(maker.model, "einsum").ok);
}

// The same weight read by many nodes.
TEST(LoadBounds, OneWeightReadManyTimes) {
  Maker maker;
  maker.constant("w", std::vector<int64_t>(1 << 18, 1));
  constexpr int kNodes = 5'000;
  for (int i = 0; i < kNodes; ++i) {
    maker.constant(numbered("i", i), {i}, true);
    maker.add(node("Add", {"w", numbered("i", i)}, {numbered("a", i)}));
    maker.add(node("ReduceSum", {numbered("a", i)}, {numbered("b", i)}));
    maker.add(node("Cast", {numbered("b", i)}, {numbered("c", i)}, {integer("to", 1)}));
  }
  maker.sum("c", kNodes);
  EXPECT_TRUE(load(maker.model, "weight").ok);
}

// 2^24 nodes in a few hundred bytes.
TEST(LoadBounds, FunctionsThatCallTwoEach) {
  Maker maker;
  maker.model.opset_imports.push_back({"f", 1});
  constexpr int kDepth = 24;
  for (int i = 0; i < kDepth; ++i) {
    onnx::FunctionDef function;
    function.name = numbered("f", i);
    function.domain = "f";
    function.inputs = {"a"};
    function.outputs = {"c"};
    function.opset_imports = {{"", 17}, {"f", 1}};
    for (const auto& [from, to] : {std::pair("a", "b"), std::pair("b", "c")}) {
      NodeDef call = node(i == 0 ? "Neg" : numbered("f", i - 1), {from}, {to});
      if (i > 0) call.domain = "f";
      call.name = numbered("call", i);
      function.nodes.push_back(std::move(call));
    }
    maker.model.functions.push_back(std::move(function));
  }
  NodeDef call = node(numbered("f", kDepth - 1), {"x"}, {"y"});
  call.domain = "f";
  call.name = "call";
  maker.add(std::move(call));
  load(maker.model, "functions");
}

// A long name or attribute, once in the file, in each of many nodes.
TEST(LoadBounds, FunctionsWithLongNames) {
  Maker maker;
  maker.model.opset_imports.push_back({"f", 1});
  onnx::FunctionDef function;
  function.name = "f";
  function.domain = "f";
  function.inputs = {"a"};
  function.outputs = {"b"};
  function.opset_imports = {{"", 17}};
  constexpr int kNodes = 1'000;
  for (int i = 0; i < kNodes; ++i) {
    NodeDef inner = node("Neg", {i == 0 ? "a" : numbered("n", i)},
                         {i + 1 == kNodes ? "b" : numbered("n", i + 1)});
    inner.name = numbered("n", i);
    function.nodes.push_back(std::move(inner));
  }
  maker.model.functions.push_back(std::move(function));
  NodeDef call = node("f", {"x"}, {"y"});
  call.domain = "f";
  call.name = std::string(kMegabyte, 'n');
  maker.add(std::move(call));
  load(maker.model, "long_names");
}

TEST(LoadBounds, SparseTensorsInManyBodies) {
  Maker maker;
  maker.model.graph.inputs.push_back(value("p", DType::kBool));
  static constexpr float kOne[] = {1};
  constexpr int kNodes = 16;
  for (int i = 0; i < kNodes; ++i) {
    AttributeDef branches[2];
    for (int side = 0; side < 2; ++side) {
      GraphDef body;
      body.name = numbered("b", 2 * i + side);
      onnx::SparseTensorDef sparse;
      sparse.values.name = numbered("sparse", 2 * i + side);
      sparse.values.dtype = DType::kFloat;
      sparse.values.dims = {1};
      sparse.values.bytes = std::as_bytes(std::span(kOne));
      sparse.indices = maker.ints("", {3});
      sparse.dims = {24 << 20};
      body.sparse_initializers = {sparse};
      body.nodes = {node("Add", {"x", sparse.values.name}, {numbered("o", 2 * i + side)})};
      body.outputs = {value(numbered("o", 2 * i + side))};
      branches[side] = graph_attribute(side == 0 ? "then_branch" : "else_branch", std::move(body));
    }
    maker.add(node("If", {"p"}, {numbered("c", i)}, {branches[0], branches[1]}));
  }
  maker.sum("c", kNodes);
  load(maker.model, "sparse");
}

TEST(LoadBounds, NestedBodies) {
  Maker maker;
  maker.model.graph.inputs.push_back(value("p", DType::kBool));
  GraphDef inner;
  inner.name = "leaf";
  inner.nodes = {node("Neg", {"x"}, {"leaf_y"})};
  inner.outputs = {value("leaf_y")};
  for (int depth = 0; depth < 20; ++depth) {
    GraphDef outer;
    outer.name = numbered("g", depth);
    outer.outputs = {value(numbered("y", depth))};
    outer.nodes = {
        node("If", {"p"}, {numbered("y", depth)},
             {graph_attribute("then_branch", inner), graph_attribute("else_branch", inner)})};
    // The other side does not double the file.
    GraphDef leaf;
    leaf.name = "side";
    leaf.nodes = {node("Neg", {"x"}, {numbered("side", depth)})};
    leaf.outputs = {value(numbered("side", depth))};
    outer.nodes[0].attributes[1] = graph_attribute("else_branch", leaf);
    inner = std::move(outer);
  }
  maker.add(node("If", {"p"}, {"y"},
                 {graph_attribute("then_branch", inner), graph_attribute("else_branch", inner)}));
  EXPECT_TRUE(load(maker.model, "nested").ok);
}

TEST(LoadBounds, EveryModelOfTheCorpus) {
  int count = 0;
  for (const char* folder : {"cpu", "onnx"}) {
    const auto corpus = std::filesystem::path(ESCUTA_SOURCE_DIR) / "tests/fuzz/corpus" / folder;
    for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
      expect_bounded(cost_of(entry.path()), entry.path().filename().string());
      ++count;
    }
  }
  EXPECT_GT(count, 100);
}

}  // namespace
}  // namespace escuta::fuzz
