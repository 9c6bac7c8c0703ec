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
