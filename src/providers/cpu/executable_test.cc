#include "providers/cpu/executable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include "engine/session.h"
#include "graph/import.h"
#include "onnx/test_models.h"
#include "providers/cpu/provider.h"

// Counts what a warmed run takes from the system. Sanitizers have allocators of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ESCUTA_COUNTS_ALLOCATIONS
namespace {
std::atomic<bool> g_counting{false};
std::atomic<int> g_allocations{0};
void count() {
  if (g_counting.load(std::memory_order_relaxed)) ++g_allocations;
}
}  // namespace
extern "C" void* __libc_malloc(size_t size);                      // NOLINT: glibc's own malloc
extern "C" void* __libc_memalign(size_t alignment, size_t size);  // NOLINT
extern "C" void* malloc(size_t size) {
  count();
  return __libc_malloc(size);
}
extern "C" void* aligned_alloc(size_t alignment, size_t size) {
  count();
  return __libc_memalign(alignment, size);
}
#endif

namespace escuta::cpu {
namespace {

using engine::RunControl;
using engine::Value;
using onnx::testing::floats;
using onnx::testing::node;
using onnx::testing::small_model;
using onnx::testing::value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

onnx::ValueInfo symbolic(std::string name, std::vector<onnx::DimDef> dims,
                         DType dtype = DType::kFloat) {
  onnx::ValueInfo info = value(std::move(name), dtype);
  info.type.shape = std::move(dims);
  return info;
}

std::unique_ptr<CpuExecutable> compile(onnx::Model def,
                                       const engine::CompileOptions& options = {}) {
  static PackedWeights weights;
  auto model = std::make_shared<const graph::Model>(graph::import_model(std::move(def)).value());
  return CpuExecutable::create(model, weights, options).value();
}

Value tensor(const Shape& shape, std::vector<float> values) {
  return Value::of(Datum::of<float>(shape, values).value());
}

std::vector<float> floats_of(const Value& value) {
  const auto span = value.datum().as<float>();
  return {span.begin(), span.end()};
}

std::vector<Value> run(const CpuExecutable& executable, std::vector<Value> inputs) {
  std::vector<Value> outputs(executable.outputs().size());
  const Status status = executable.run(inputs, {}, outputs, {});
  EXPECT_TRUE(status.ok()) << status.to_string();
  return outputs;
}

// y = softmax((x w + b) relu) + its own transpose's reshape: products, views, elementwise, new
// memory.
onnx::Model mixed_model() {
  static const float kWeights[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7};
  static const float kBias[] = {-40, 1, -2, 3};
  static const int64_t kShape[] = {-1, 4};
  onnx::Model model = small_model();
  onnx::TensorDef shape;
  shape.name = "shape";
  shape.dtype = DType::kInt64;
  shape.dims = {2};
  shape.bytes = std::as_bytes(std::span(kShape));
  model.graph.inputs = {symbolic("x", {std::string("n"), int64_t{4}})};
  model.graph.outputs = {symbolic("y", {std::string("n"), int64_t{4}})};
  model.graph.initializers = {floats("w", {4, 4}, kWeights), floats("b", {4}, kBias), shape};
  model.graph.nodes = {node("MatMul", {"x", "w"}, {"p"}), node("Add", {"p", "b"}, {"s"}),
                       node("Relu", {"s"}, {"r"}),        node("Softmax", {"r"}, {"m"}),
                       node("Transpose", {"m"}, {"t"}),   node("Reshape", {"t", "shape"}, {"v"}),
                       node("Mul", {"v", "m"}, {"q"}),    node("Add", {"q", "x"}, {"y"})};
  return model;
}

std::vector<float> ramp(int64_t count, float step) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) values[i] = step * static_cast<float>(i % 13);
  return values;
}

TEST(CpuExecutable, RunsAGraph) {
  const auto executable = compile(small_model());
  const auto outputs = run(*executable, {tensor({2}, {3, 5})});
  EXPECT_THAT(floats_of(outputs[0]), ElementsAre(-3.0f, 10.0f));
}

TEST(CpuExecutable, GivesTheSameWhateverMemoryItHadBefore) {
  const auto executable = compile(mixed_model());
  const auto fresh = [&](int64_t rows) {
    return floats_of(run(*compile(mixed_model()), {tensor({rows, 4}, ramp(rows * 4, 0.1f))})[0]);
  };
  for (const int64_t rows : {3, 1, 8, 2, 0, 8, 40, 3}) {
    const auto outputs = run(*executable, {tensor({rows, 4}, ramp(rows * 4, 0.1f))});
    EXPECT_EQ(floats_of(outputs[0]), fresh(rows)) << rows;
  }
}

TEST(CpuExecutable, PlainLoopsAgreeWithFastOnes) {
  engine::CompileOptions plain;
  plain.fast_kernels = false;
  plain.passes_off = {"all"};
  const std::vector<Value> input = {tensor({5, 4}, ramp(20, 0.1f))};
  const auto fast = floats_of(run(*compile(mixed_model()), input)[0]);
  const auto slow = floats_of(run(*compile(mixed_model(), plain), input)[0]);
  ASSERT_EQ(fast.size(), slow.size());
  for (size_t i = 0; i < fast.size(); ++i) EXPECT_NEAR(fast[i], slow[i], 1e-5) << i;
}

TEST(CpuExecutable, InputsAreNotWrittenTo) {
  const auto executable = compile(mixed_model());
  const Value input = tensor({3, 4}, ramp(12, 0.1f));
  for (int i = 0; i < 3; ++i) run(*executable, {input});
  EXPECT_EQ(floats_of(input), ramp(12, 0.1f));
}

TEST(CpuExecutable, OutputsOutliveTheExecutable) {
  std::vector<Value> outputs;
  {
    const auto executable = compile(mixed_model());
    run(*executable, {tensor({3, 4}, ramp(12, 0.1f))});
    outputs = run(*executable, {tensor({3, 4}, ramp(12, 0.1f))});
  }
  EXPECT_EQ(floats_of(outputs[0]),
            floats_of(run(*compile(mixed_model()), {tensor({3, 4}, ramp(12, 0.1f))})[0]));
}

TEST(CpuExecutable, StringsOfTheModelOutliveTheExecutable) {
  onnx::Model model = small_model();
  onnx::TensorDef words;
  words.name = "words";
  words.dtype = DType::kString;
  words.dims = {1, 2};
  words.strings = {"a word too long to be kept in place", "b"};
  model.graph.initializers = {words};
  model.graph.inputs.clear();
  model.graph.nodes = {node("Flatten", {"words"}, {"y"})};
  model.graph.outputs = {value("y", DType::kString)};
  engine::CompileOptions options;
  options.passes_off = {"all"};
  const std::vector<Value> outputs = run(*compile(std::move(model), options), {});
  EXPECT_THAT(outputs[0].datum().as<std::string>(),
              ElementsAre("a word too long to be kept in place", "b"));
}

#ifdef ESCUTA_COUNTS_ALLOCATIONS
TEST(CpuExecutable, AWarmedRunAllocatesNothing) {
  const auto executable = compile(mixed_model());
  const std::vector<Value> inputs = {tensor({64, 4}, ramp(256, 0.1f))};
  std::vector<Value> outputs(1);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(executable->run(inputs, {}, outputs, {}).ok());
  g_allocations = 0;
  g_counting = true;
  const bool ok = executable->run(inputs, {}, outputs, {}).ok();
  g_counting = false;
  EXPECT_TRUE(ok);
  EXPECT_EQ(g_allocations, 0);
}
#endif

TEST(CpuExecutable, ManyThreadsGetWhatOneGets) {
  const auto executable = compile(mixed_model());
  std::vector<std::vector<float>> serial;
  for (int64_t rows = 1; rows <= 8; ++rows) {
    serial.push_back(floats_of(run(*executable, {tensor({rows, 4}, ramp(rows * 4, 0.1f))})[0]));
  }
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const int64_t rows = 1 + (t + i) % 8;
        const std::vector<Value> inputs = {tensor({rows, 4}, ramp(rows * 4, 0.1f))};
        std::vector<Value> outputs(1);
        if (!executable->run(inputs, {}, outputs, {}).ok() ||
            floats_of(outputs[0]) != serial[static_cast<size_t>(rows - 1)]) {
          ++wrong;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(CpuExecutable, AnOptionalInputKeepsItsDefaultUntilOneIsGiven) {
  onnx::Model model = small_model();
  model.graph.inputs.push_back(value("w"));  // has an initializer
  const auto executable = compile(model);
  ASSERT_EQ(executable->inputs().size(), 2u);
  EXPECT_TRUE(executable->inputs()[1].optional);
  const Value x = tensor({2}, {3, 5});
  EXPECT_THAT(floats_of(run(*executable, {x, Value()})[0]), ElementsAre(-3.0f, 10.0f));
  EXPECT_THAT(floats_of(run(*executable, {x, tensor({2}, {10, 10})})[0]), ElementsAre(-30, -50));
  EXPECT_THAT(floats_of(run(*executable, {x, Value()})[0]), ElementsAre(-3.0f, 10.0f));
}

TEST(CpuExecutable, ARunCanBeCancelledAndHasADeadline) {
  const auto executable = compile(small_model());
  const std::vector<Value> inputs = {tensor({2}, {3, 5})};
  std::vector<Value> outputs(1);
  const std::atomic<bool> cancelled{true};
  RunControl control;
  control.cancelled = &cancelled;
  EXPECT_EQ(executable->run(inputs, {}, outputs, control).code(), StatusCode::kCancelled);
  RunControl late;
  late.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  EXPECT_EQ(executable->run(inputs, {}, outputs, late).code(), StatusCode::kDeadlineExceeded);
}

TEST(CpuExecutable, AnErrorNamesTheNodeAndLeavesTheExecutableUsable) {
  onnx::Model model = small_model();
  model.graph.inputs = {symbolic("x", {std::string("n")})};
  model.graph.outputs = {symbolic("y", {std::string("n")})};
  const auto executable = compile(model);
  std::vector<Value> outputs(1);
  const std::vector<Value> three = {tensor({3}, {1, 2, 3})};
  const Status status = executable->run(three, {}, outputs, {});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("n_m"));
  EXPECT_THAT(floats_of(run(*executable, {tensor({2}, {3, 5})})[0]), ElementsAre(-3.0f, 10.0f));
}

// Two heads of size 2 over keys and values of the steps before.
onnx::Model cached_attention() {
  onnx::Model model = small_model();
  const auto rows = [](std::string name) {
    return symbolic(std::move(name), {int64_t{1}, std::string("t"), int64_t{4}});
  };
  const auto cache = [](std::string name, std::string length) {
    return symbolic(std::move(name), {int64_t{1}, int64_t{2}, std::move(length), int64_t{2}});
  };
  model.graph.inputs = {rows("x"), cache("past.key", "p"), cache("past.value", "p")};
  model.graph.outputs = {rows("y"), cache("present.key", "n"), cache("present.value", "n")};
  model.graph.initializers = {};
  onnx::NodeDef attention =
      node("MultiHeadAttention", {"x", "x", "x", "", "", "", "past.key", "past.value"},
           {"y", "present.key", "present.value"});
  attention.domain = "com.microsoft";
  onnx::AttributeDef heads;
  heads.name = "num_heads";
  heads.type = onnx::AttributeDef::Type::kInt;
  heads.i = 2;
  attention.attributes = {heads};
  model.graph.nodes = {attention};
  model.opset_imports.push_back({"com.microsoft", 1});
  return model;
}

class CacheOfSteps : public ::testing::Test {
 protected:
  // x, past -> y, present. With `stays`, present may be in a form of its own.
  std::vector<Value> step(float x, const std::vector<Value>& before, bool stays) {
    const std::vector<Value> inputs = {tensor({1, 1, 4}, {x, 1, -x, x / 2}), before[1], before[2]};
    std::vector<Value> outputs(3);
    RunControl control;
    control.state_stays = stays;
    const Status status = executable_->run(inputs, {}, outputs, control);
    EXPECT_TRUE(status.ok()) << status.to_string();
    return outputs;
  }
  static std::vector<Value> nothing() {
    return {Value(), tensor({1, 2, 0, 2}, {}), tensor({1, 2, 0, 2}, {})};
  }
  static std::vector<float> host(const Value& value) {
    Tensor copy = value.to_host().value();
    return {copy.as<float>().begin(), copy.as<float>().end()};
  }
  std::unique_ptr<CpuExecutable> executable_ = compile(cached_attention());
};

TEST_F(CacheOfSteps, GrowsInPlaceWithTheSameResults) {
  std::vector<Value> dense = nothing(), grown = nothing();
  int moved = 0;
  for (int i = 0; i < 300; ++i) {
    const float x = static_cast<float>(i % 7) / 4;
    const std::byte* before = grown[1].datum().bytes();
    dense = step(x, dense, false);
    grown = step(x, grown, true);
    moved += grown[1].datum().bytes() != before;
    ASSERT_EQ(floats_of(dense[0]), floats_of(grown[0])) << i;
    ASSERT_EQ(grown[1].shape(), dense[1].shape());
  }
  EXPECT_EQ(host(dense[1]), host(grown[1]));
  EXPECT_EQ(host(dense[2]), host(grown[2]));
  EXPECT_LE(moved, 6);
  EXPECT_FALSE(grown[1].on_host());
  EXPECT_EQ(grown[1].view().status().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(dense[1].on_host());
  // Whoever does not ask for it gets plain tensors, also from a cache that has room.
  EXPECT_EQ(host(step(1, grown, false)[1]), host(step(1, dense, false)[1]));
}

// Two ways on from one state: neither sees what the other appended.
TEST_F(CacheOfSteps, KeepsBranchesApart) {
  std::vector<Value> state = nothing();
  for (int i = 0; i < 5; ++i) state = step(static_cast<float>(i), state, true);
  const std::vector<float> before = host(state[1]);
  const std::vector<Value> left = step(7, state, true);
  const std::vector<float> left_keys = host(left[1]);
  const std::vector<Value> right = step(9, state, true);
  EXPECT_EQ(host(left[1]), left_keys);
  EXPECT_NE(host(right[1]), left_keys);
  EXPECT_EQ(host(state[1]), before);
  EXPECT_NE(left[1].datum().bytes(), right[1].datum().bytes());
  EXPECT_EQ(floats_of(step(2, right, true)[0]), floats_of(step(2, right, false)[0]));
}

TEST(CpuProvider, AnUnknownOperatorIsRefusedByNameDomainAndVersion) {
  onnx::Model def = small_model();
  def.graph.nodes[1].op_type = "Negate";
  const graph::Model model = graph::import_model(std::move(def)).value();
  engine::Registry registry;
  ASSERT_TRUE(add_providers(registry, {}).ok());
  const auto refusals = registry.find("cpu")->refusals(model);
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_THAT(refusals[0].reason, HasSubstr("Negate"));
  EXPECT_THAT(refusals[0].reason, HasSubstr("ai.onnx"));
  EXPECT_THAT(refusals[0].reason, HasSubstr("17"));
}

}  // namespace
}  // namespace escuta::cpu
