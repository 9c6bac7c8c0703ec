// Beams of a window share its keys and values: the same results as with a copy for each.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/rows.h"
#include "graph/import.h"
#include "onnx/test_models.h"
#include "providers/cpu/executable.h"
#include "tensor/float16.h"

namespace escuta::cpu {
namespace {

using engine::Value;
using onnx::testing::node;
using onnx::testing::small_model;
using onnx::testing::value;

constexpr int64_t kHeads = 3, kSize = 20, kKeys = 37;

onnx::ValueInfo floats_of_shape(std::string name, std::vector<onnx::DimDef> dims) {
  onnx::ValueInfo info = value(std::move(name), DType::kFloat);
  info.type.shape = std::move(dims);
  return info;
}

// y = attention of x over keys and values that are inputs.
onnx::Model cross_attention() {
  onnx::Model model = small_model();
  const auto rows = [](std::string name) {
    return floats_of_shape(std::move(name), {std::string("b"), std::string("t"), kHeads * kSize});
  };
  const auto keys = [](std::string name) {
    return floats_of_shape(std::move(name), {std::string("b"), kHeads, std::string("s"), kSize});
  };
  model.graph.inputs = {rows("x"), keys("keys"), keys("values")};
  model.graph.outputs = {rows("y")};
  model.graph.initializers = {};
  onnx::NodeDef attention = node("MultiHeadAttention", {"x", "keys", "values"}, {"y"});
  attention.domain = "com.microsoft";
  onnx::AttributeDef heads;
  heads.name = "num_heads";
  heads.type = onnx::AttributeDef::Type::kInt;
  heads.i = kHeads;
  attention.attributes = {heads};
  model.graph.nodes = {attention};
  model.opset_imports.push_back({"com.microsoft", 1});
  return model;
}

std::unique_ptr<CpuExecutable> compile(onnx::Model def,
                                       const engine::CompileOptions& options = {}) {
  static PackedWeights weights;
  auto model = std::make_shared<const graph::Model>(graph::import_model(std::move(def)).value());
  return CpuExecutable::create(model, weights, options).value();
}

Value waves(const Shape& shape, double step) {
  Tensor tensor = Tensor::create(DType::kFloat, shape).value();
  double x = 0.5;
  for (float& element : tensor.as<float>()) element = static_cast<float>(std::sin(x += step));
  return Value::of(std::move(tensor));
}

Result<Value> attend(const CpuExecutable& executable, const Value& x, const Value& keys,
                     const Value& values) {
  const Value inputs[] = {x, keys, values};
  Value outputs[1];
  RETURN_IF_ERROR(executable.run(inputs, {}, outputs, {}));
  return outputs[0];
}

TEST(SharedItems, GiveWhatCopiesGiveToTheLastBit) {
  const auto executable = compile(cross_attention());
  for (const int64_t windows : {1, 3}) {
    const Value keys = waves({windows, kHeads, kKeys, kSize}, 0.37);
    const Value values = waves({windows, kHeads, kKeys, kSize}, 0.53);
    for (const int64_t beams : {1, 2, 3, 5, 8, 10, 13, 16}) {
      std::vector<int64_t> copies;
      for (int64_t row = 0; row < windows * beams; ++row) copies.push_back(row / beams);
      for (const int64_t queries : {1, 4}) {
        const Value x = waves({windows * beams, queries, kHeads * kSize}, 0.71);
        const Value shared = attend(*executable, x, keys, values).value();
        const Value copied = attend(*executable, x, engine::take_rows(keys, copies).value(),
                                    engine::take_rows(values, copies).value())
                                 .value();
        const auto a = shared.view()->as<float>(), b = copied.view()->as<float>();
        EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end()))
            << windows << " windows of " << beams << " beams, " << queries << " queries";
      }
    }
  }
}

Value halves(const Value& floats) {
  Tensor tensor = Tensor::create(DType::kFloat16, floats.shape()).value();
  const auto src = floats.view()->as<float>();
  float_to_half(src, {reinterpret_cast<uint16_t*>(tensor.bytes().data()), src.size()});
  return Value::of(std::move(tensor));
}

Value widened(const Value& halves) {
  Tensor tensor = Tensor::create(DType::kFloat, halves.shape()).value();
  const auto view = halves.view().value();
  half_to_float({reinterpret_cast<const uint16_t*>(view.bytes.data()), view.bytes.size() / 2},
                tensor.as<float>());
  return Value::of(std::move(tensor));
}

// In float16 where the session may have it so: what the same numbers give in f32, for beams, too,
// by the plain loops as well.
TEST(SharedItems, InFloat16GiveWhatTheSameFloatsGive) {
  engine::CompileOptions options;
  options.compact_states = {"keys", "values"};
  EXPECT_EQ(compile(cross_attention(), options)->inputs()[1].dtype, DType::kFloat);
  options.precision = engine::Precision::kInt8;
  for (const bool fast : {true, false}) {
    options.fast_kernels = fast;
    const auto executable = compile(cross_attention(), options);
    ASSERT_EQ(executable->inputs()[1].dtype, DType::kFloat16);
    EXPECT_TRUE(executable->takes_fewer_items(1));
    engine::CompileOptions plain;
    plain.fast_kernels = fast;
    const auto expected = compile(cross_attention(), plain);
    const Value keys = halves(waves({2, kHeads, kKeys, kSize}, 0.37));
    const Value values = halves(waves({2, kHeads, kKeys, kSize}, 0.53));
    for (const int64_t beams : {1, 3, 10}) {
      for (const int64_t queries : {1, 4, 11}) {
        const Value x = waves({2 * beams, queries, kHeads * kSize}, 0.71);
        const Value found = attend(*executable, x, keys, values).value();
        const Value want = attend(*expected, x, widened(keys), widened(values)).value();
        const auto a = found.view()->as<float>(), b = want.view()->as<float>();
        EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end()))
            << beams << " beams, " << queries << " queries";
      }
    }
  }
}

TEST(SharedItems, MustFitTheBatch) {
  const auto executable = compile(cross_attention());
  const Value x = waves({4, 1, kHeads * kSize}, 0.7);
  const Value keys = waves({3, kHeads, kKeys, kSize}, 0.3);
  EXPECT_EQ(attend(*executable, x, keys, keys).status().code(), StatusCode::kInvalidArgument);
}

TEST(SharedItems, AreOfferedWhereAllReadersTakeThem) {
  const auto executable = compile(cross_attention());
  EXPECT_FALSE(executable->takes_fewer_items(0));
  EXPECT_TRUE(executable->takes_fewer_items(1));
  EXPECT_TRUE(executable->takes_fewer_items(2));

  onnx::Model other = cross_attention();
  other.graph.nodes.push_back(node("Neg", {"keys"}, {"negative"}));
  other.graph.outputs.push_back(
      floats_of_shape("negative", {std::string("b"), kHeads, std::string("s"), kSize}));
  const auto with_reader = compile(other);
  EXPECT_FALSE(with_reader->takes_fewer_items(1));
  EXPECT_TRUE(with_reader->takes_fewer_items(2));
}

}  // namespace
}  // namespace escuta::cpu
