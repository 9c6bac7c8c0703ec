// Fast kernels of quantised and recurrent operators, against the plain loops that define them.
#include "providers/cpu/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/session.h"
#include "graph/import.h"
#include "onnx/test_models.h"
#include "providers/cpu/executable.h"

namespace escuta::cpu {
namespace {

using onnx::testing::node;
using onnx::testing::value;

// A model of one node, its inputs constants or not, and what they are.
class OneNode {
 public:
  OneNode(std::string op, std::string domain = "", unsigned seed = 1) : random_(seed) {
    model_.ir_version = 8;
    model_.opset_imports = {{"", 24}, {"com.microsoft", 1}, {"escuta", 1}};
    model_.graph.name = "one";
    node_.op_type = std::move(op);
    node_.domain = std::move(domain);
    node_.name = "node";
  }

  template <typename T>
  OneNode& input(std::vector<int64_t> dims, std::vector<T> values, bool constant = false) {
    const std::string name = "i" + std::to_string(node_.inputs.size());
    node_.inputs.push_back(name);
    const Shape shape = Shape::create(dims).value();
    Datum datum = Datum::of<T>(shape, values).value();
    if (constant) {
      onnx::TensorDef def;
      def.name = name;
      def.dtype = datum.dtype();
      def.dims = dims;
      constants_.push_back(datum);
      def.bytes = {constants_.back().bytes(), values.size() * sizeof(T)};
      model_.graph.initializers.push_back(def);
      return *this;
    }
    onnx::ValueInfo info = value(name, datum.dtype());
    info.type.shape = std::vector<onnx::DimDef>(dims.size());  // only the rank is known
    model_.graph.inputs.push_back(info);
    values_.push_back(engine::Value::of(std::move(datum)));
    return *this;
  }
  OneNode& none() {
    node_.inputs.push_back("");
    return *this;
  }
  template <typename T>
  OneNode& bytes(std::vector<int64_t> dims, bool constant = false) {
    std::vector<T> values(count(dims));
    for (T& v : values) v = static_cast<T>(random_());
    return input(std::move(dims), std::move(values), constant);
  }
  // Uniform.
  OneNode& floats(std::vector<int64_t> dims, float low, float high, bool constant = false) {
    std::vector<float> values(count(dims));
    std::uniform_real_distribution<float> uniform(low, high);
    for (float& v : values) v = uniform(random_);
    return input(std::move(dims), std::move(values), constant);
  }
  OneNode& ints(std::string name, std::vector<int64_t> values) {
    onnx::AttributeDef def;
    def.name = std::move(name);
    def.type = onnx::AttributeDef::Type::kInts;
    def.ints = std::move(values);
    node_.attributes.push_back(def);
    return *this;
  }
  OneNode& integer(std::string name, int64_t i) {
    onnx::AttributeDef def;
    def.name = std::move(name);
    def.type = onnx::AttributeDef::Type::kInt;
    def.i = i;
    node_.attributes.push_back(def);
    return *this;
  }
  OneNode& number(std::string name, float f) {
    onnx::AttributeDef def;
    def.name = std::move(name);
    def.type = onnx::AttributeDef::Type::kFloat;
    def.f = f;
    node_.attributes.push_back(def);
    return *this;
  }
  OneNode& text(std::string name, std::string s) {
    onnx::AttributeDef def;
    def.name = std::move(name);
    def.type = onnx::AttributeDef::Type::kString;
    def.s = std::move(s);
    node_.attributes.push_back(def);
    return *this;
  }
  OneNode& texts(std::string name, std::vector<std::string> strings) {
    onnx::AttributeDef def;
    def.name = std::move(name);
    def.type = onnx::AttributeDef::Type::kStrings;
    def.strings = std::move(strings);
    node_.attributes.push_back(def);
    return *this;
  }
  OneNode& output(DType dtype) {
    const std::string name = "o" + std::to_string(node_.outputs.size());
    node_.outputs.push_back(name);
    onnx::ValueInfo info = value(name, dtype);
    info.type.shape.reset();
    model_.graph.outputs.push_back(info);
    return *this;
  }

  // That it gives with fast kernels (and `options`) what the plain loop gives, within `limit`.
  void check(double limit = 0, const engine::CompileOptions& options = {}) {
    model_.graph.nodes = {node_};
    engine::CompileOptions plain;
    plain.fast_kernels = false;
    plain.passes_off = {"all"};
    const std::vector<engine::Value> slow = run(plain), fast = run(options);
    for (size_t i = 0; i < slow.size(); ++i) {
      const Datum &a = slow[i].datum(), &b = fast[i].datum();
      ASSERT_EQ(a.dtype(), b.dtype());
      ASSERT_EQ(a.shape(), b.shape());
      for (int64_t j = 0; j < a.count(); ++j) {
        ASSERT_NEAR(at(a, j), at(b, j), limit) << node_.op_type << " output " << i << " at " << j;
      }
    }
  }

  // Output 0, of floats.
  std::vector<float> result(const engine::CompileOptions& options) {
    model_.graph.nodes = {node_};
    const std::vector<engine::Value> outputs = run(options);
    const std::span<const float> floats = outputs[0].datum().as<float>();
    return {floats.begin(), floats.end()};
  }

 private:
  static size_t count(const std::vector<int64_t>& dims) {
    return static_cast<size_t>(Shape::create(dims).value().count());
  }
  static double at(const Datum& datum, int64_t i) {
    switch (datum.dtype()) {
      case DType::kFloat:
        return reinterpret_cast<const float*>(datum.bytes())[i];
      case DType::kInt32:
        return reinterpret_cast<const int32_t*>(datum.bytes())[i];
      case DType::kInt8:
        return reinterpret_cast<const int8_t*>(datum.bytes())[i];
      default:
        return reinterpret_cast<const uint8_t*>(datum.bytes())[i];
    }
  }
  // Twice, so that the second run has the memory of the first.
  std::vector<engine::Value> run(const engine::CompileOptions& options) const {
    PackedWeights weights;
    auto model = std::make_shared<const graph::Model>(graph::import_model(model_).value());
    const auto executable = CpuExecutable::create(model, weights, options).value();
    std::vector<engine::Value> outputs(executable->outputs().size());
    for (int i = 0; i < 2; ++i) {
      const Status status = executable->run(values_, {}, outputs, {});
      EXPECT_TRUE(status.ok()) << status.to_string();
    }
    return outputs;
  }

  std::mt19937 random_;
  onnx::Model model_;
  onnx::NodeDef node_;
  std::vector<Datum> constants_;
  std::vector<engine::Value> values_;
};

// In 8 bits where that precision is asked for: near, and a row's result is its own.
TEST(FastKernels, WeightsInEightBits) {
  engine::CompileOptions int8;
  int8.precision = engine::Precision::kInt8;
  for (const bool transposed : {false, true}) {
    OneNode product("MatMulBias", "escuta");
    product.floats({2, 7, 96}, -1, 1);
    product.floats(transposed ? std::vector<int64_t>{40, 96} : std::vector<int64_t>{96, 40}, -2, 2,
                   true);
    product.floats({40}, -1, 1).integer("transB", transposed).text("activation", "Relu");
    product.output(DType::kFloat);
    product.check(0.25, int8);
    EXPECT_NE(product.result(int8), product.result({}));  // or it would not be 8 bits
  }
  OneNode zeros("MatMul");
  zeros.input<float>({1, 4}, {0, 0, 0, 0}).input<float>({4, 2}, {0, 0, 0, 0, 1, 0, 0, 0}, true);
  zeros.output(DType::kFloat).check(0, int8);
}

TEST(FastKernels, ARowInEightBitsDoesNotDependOnItsNeighbours) {
  engine::CompileOptions int8;
  int8.precision = engine::Precision::kInt8;
  const auto product = [&](int64_t rows) {
    std::vector<float> left(static_cast<size_t>(rows) * 64);
    for (size_t i = 0; i < left.size(); ++i) left[i] = std::sin(static_cast<float>(i * i));
    OneNode node("MatMul");
    node.input<float>({rows, 64}, left).floats({64, 30}, -1, 1, true).output(DType::kFloat);
    return node.result(int8);
  };
  const std::vector<float> all = product(33);
  for (const int64_t rows : {1, 2, 9, 20}) {
    const std::vector<float> some = product(rows);
    ASSERT_TRUE(std::equal(some.begin(), some.end(), all.begin())) << rows;
  }
}

TEST(FastKernels, ConvInteger) {
  OneNode("ConvInteger")
      .bytes<uint8_t>({2, 6, 40})
      .bytes<int8_t>({9, 6, 5}, true)
      .bytes<uint8_t>({})
      .bytes<int8_t>({9})
      .ints("pads", {2, 3})
      .output(DType::kInt32)
      .check();
  OneNode("ConvInteger")
      .bytes<uint8_t>({1, 4, 9, 11})
      .bytes<uint8_t>({6, 2, 3, 2}, true)
      .bytes<uint8_t>({1})
      .integer("group", 2)
      .ints("dilations", {2, 1})
      .ints("strides", {1, 2})
      .output(DType::kInt32)
      .check();
  OneNode("ConvInteger")
      .bytes<int8_t>({1, 4, 30, 1})
      .bytes<int8_t>({4, 1, 7, 1}, true)
      .bytes<int8_t>({})
      .bytes<int8_t>({})
      .integer("group", 4)
      .output(DType::kInt32)
      .check();
}

TEST(FastKernels, ConvIntegerToFloat) {
  for (const bool whole : {false, true}) {
    OneNode model("ConvIntegerToFloat", "escuta");
    model.bytes<uint8_t>({2, 6, 40}).bytes<int8_t>({9, 6, 5}, true).floats({9}, 0.001f, 0.01f);
    model.bytes<uint8_t>({}).none();
    if (whole) {
      model.input<int32_t>({9}, {1, -2, 3, -40000, 50000, 6, 7, 8, 9});
    } else {
      model.floats({9}, -1, 1);
    }
    model.output(DType::kFloat).check(1e-4);
  }
}

TEST(FastKernels, QLinearConv) {
  for (const bool is_signed : {false, true}) {
    OneNode model("QLinearConv");
    const float x_scale = 0.02f, y_scale = 0.7f;
    if (is_signed) {
      model.bytes<int8_t>({2, 5, 33}).input<float>({}, {x_scale}).bytes<int8_t>({});
    } else {
      model.bytes<uint8_t>({2, 5, 33}).input<float>({}, {x_scale}).bytes<uint8_t>({});
    }
    model.bytes<int8_t>({8, 5, 3}, true).floats({8}, 0.01f, 0.05f).bytes<int8_t>({8});
    model.input<float>({}, {y_scale});
    if (is_signed) {
      model.bytes<int8_t>({}).output(DType::kInt8);
    } else {
      model.bytes<uint8_t>({}).output(DType::kUint8);
    }
    model.input<int32_t>({8}, {0, 1000, -1000, 5, 7, 9, 30000, -30000}, true).check();
  }
}

TEST(FastKernels, MatMulInteger) {
  OneNode("MatMulInteger")
      .bytes<uint8_t>({2, 3, 37})
      .bytes<int8_t>({37, 50}, true)
      .bytes<uint8_t>({})
      .bytes<int8_t>({50})
      .output(DType::kInt32)
      .check();
  OneNode("MatMulInteger")  // zero points of rows
      .bytes<int8_t>({5, 16})
      .bytes<uint8_t>({16, 7}, true)
      .bytes<int8_t>({5})
      .output(DType::kInt32)
      .check();
  OneNode("MatMulInteger")  // of rows, of each of two matrices
      .bytes<int8_t>({2, 5, 16})
      .bytes<uint8_t>({16, 7}, true)
      .bytes<int8_t>({5})
      .bytes<uint8_t>({1})
      .output(DType::kInt32)
      .check();
  OneNode("MatMulInteger")  // B no constant, and a stack
      .bytes<uint8_t>({2, 1, 3, 20})
      .bytes<uint8_t>({4, 20, 6})
      .bytes<uint8_t>({})
      .bytes<uint8_t>({4, 1, 6})
      .output(DType::kInt32)
      .check();
  OneNode("MatMulInteger")
      .bytes<uint8_t>({0, 4})
      .bytes<int8_t>({4, 3}, true)
      .output(DType::kInt32)
      .check();
  OneNode("MatMulInteger")
      .bytes<uint8_t>({9})
      .bytes<int8_t>({9, 3}, true)
      .output(DType::kInt32)
      .check();
}

TEST(FastKernels, QLinearMatMul) {
  OneNode("QLinearMatMul")
      .bytes<uint8_t>({2, 3, 37})
      .input<float>({}, {0.02f})
      .bytes<uint8_t>({})
      .bytes<int8_t>({37, 50}, true)
      .floats({50}, 0.01f, 0.02f)
      .bytes<int8_t>({50})
      .input<float>({}, {0.3f})
      .bytes<uint8_t>({})
      .output(DType::kUint8)
      .check();
  OneNode("QLinearMatMul")  // of rows; B no constant
      .bytes<int8_t>({4, 16})
      .floats({4}, 0.01f, 0.02f)
      .bytes<int8_t>({4})
      .bytes<int8_t>({3, 16, 5})
      .input<float>({1}, {0.013f})
      .bytes<int8_t>({1})
      .input<float>({}, {0.1f})
      .bytes<int8_t>({})
      .output(DType::kInt8)
      .check();
}

TEST(FastKernels, ProductsOfBytesAsFloats) {
  OneNode("MatMulIntegerToFloat", "com.microsoft")
      .bytes<int8_t>({2, 3, 37})
      .bytes<uint8_t>({37, 50}, true)
      .input<float>({}, {0.02f})
      .floats({50}, 0.01f, 0.02f)
      .bytes<int8_t>({1})
      .bytes<uint8_t>({50})
      .floats({50}, -1, 1)
      .output(DType::kFloat)
      .check(1e-4);
  OneNode("DynamicQuantizeMatMul", "com.microsoft")
      .floats({2, 3, 64}, -2, 3)
      .bytes<int8_t>({64, 18}, true)
      .input<float>({1}, {0.01f})
      .bytes<int8_t>({1})
      .floats({18}, -1, 1)
      .output(DType::kFloat)
      .check(1e-4);
}

TEST(FastKernels, ToBytesAndBack) {
  const float nan = std::nanf(""), inf = std::numeric_limits<float>::infinity();
  OneNode("DynamicQuantizeLinear")
      .floats({3, 7001}, -3, 5)
      .output(DType::kUint8)
      .output(DType::kFloat)
      .output(DType::kUint8)
      .check();
  OneNode("DynamicQuantizeLinear")
      .input<float>({4}, {nan, 2, -1, nan})
      .output(DType::kUint8)
      .output(DType::kFloat)
      .output(DType::kUint8)
      .check();
  OneNode("DynamicQuantizeLinear")
      .input<float>({3}, {0, 0, 0})
      .output(DType::kUint8)
      .output(DType::kFloat)
      .output(DType::kUint8)
      .check();
  OneNode("DynamicQuantizeLinear")
      .input<float>({0}, {})
      .output(DType::kUint8)
      .output(DType::kFloat)
      .output(DType::kUint8)
      .check();
  OneNode("QuantizeLinear")
      .floats({50, 4}, -3, 5)
      .input<float>({}, {0.03f})
      .bytes<int8_t>({})
      .output(DType::kInt8)
      .check();
  OneNode("QuantizeLinear")
      .floats({3, 4, 9}, -3, 5)
      .floats({4}, 0.01f, 0.1f)
      .bytes<uint8_t>({4})
      .output(DType::kUint8)
      .check();
  OneNode("QuantizeLinear")
      .floats({3, 4}, -3, 5)
      .floats({4}, 0.01f, 0.1f)
      .integer("axis", -1)
      .output(DType::kUint8)
      .check();
  OneNode("QuantizeLinear")
      .input<float>({4}, {nan, inf, -inf, 2.5f})
      .input<float>({}, {1})
      .output(DType::kUint8)
      .check();
  OneNode("DequantizeLinear")
      .bytes<int8_t>({50, 4})
      .input<float>({}, {0.03f})
      .bytes<int8_t>({})
      .output(DType::kFloat)
      .check();
  OneNode("DequantizeLinear")
      .bytes<uint8_t>({3, 4, 9})
      .floats({4}, 0.01f, 0.1f)
      .bytes<uint8_t>({4})
      .output(DType::kFloat)
      .check();
  OneNode("DequantizeLinear")
      .bytes<uint8_t>({3, 4})
      .floats({4}, 0.01f, 0.1f)
      .output(DType::kFloat)
      .check();
}

// X, W, R, B, sequence_lens, initial_h and, of an LSTM, initial_c.
OneNode recurrent(const std::string& op, int64_t gates, int64_t directions, bool lengths,
                  int64_t steps = 7) {
  const int64_t batch = 3, input = 5, hidden = 18;
  OneNode model(op);
  model.floats({steps, batch, input}, -1, 1)
      .floats({directions, gates * hidden, input}, -0.5f, 0.5f, true)
      .floats({directions, gates * hidden, hidden}, -0.5f, 0.5f, true)
      .floats({directions, 2 * gates * hidden}, -1, 1);
  if (lengths) {
    model.input<int32_t>({batch}, {4, static_cast<int32_t>(steps), 1});
  } else {
    model.none();
  }
  model.floats({directions, batch, hidden}, -1, 1);
  if (op == "LSTM") model.floats({directions, batch, hidden}, -1, 1);
  model.output(DType::kFloat).output(DType::kFloat);
  if (op == "LSTM") model.output(DType::kFloat);
  return model.integer("hidden_size", hidden)
      .text("direction", directions == 2 ? "bidirectional" : "forward");
}

TEST(FastKernels, RecurrentLayers) {
  for (const int64_t directions : {1, 2}) {
    for (const bool lengths : {false, true}) {
      recurrent("LSTM", 4, directions, lengths).check(1e-5);
      recurrent("GRU", 3, directions, lengths).check(1e-5);
      recurrent("GRU", 3, directions, lengths).integer("linear_before_reset", 1).check(1e-5);
    }
  }
  OneNode("LSTM")  // peepholes, other functions, batch first
      .floats({2, 6, 5}, -1, 1)
      .floats({1, 16, 5}, -1, 1, true)
      .floats({1, 16, 4}, -1, 1, true)
      .none()
      .none()
      .none()
      .none()
      .floats({1, 12}, -1, 1)
      .output(DType::kFloat)
      .integer("hidden_size", 4)
      .integer("layout", 1)
      .texts("activations", {"HardSigmoid", "Tanh", "Softsign"})
      .check(1e-5);
}

TEST(FastKernels, ARecurrentLayerInSeveralBlocksOfTimes) {
  // 3 * 4 * 18 numbers a time: 2^20 of them are 4854 times.
  recurrent("LSTM", 4, 2, false, 5000).check(1e-4);
  recurrent("LSTM", 4, 2, true, 5000).check(1e-4);
}

TEST(FastKernels, DynamicQuantizeLSTM) {
  for (const bool columns : {false, true}) {
    for (const int64_t batch : {1, 3}) {
      const int64_t n = 2, input = 6, hidden = 9, width = 4 * hidden;
      OneNode model("DynamicQuantizeLSTM", "com.microsoft", 5);
      model.floats({4, batch, input}, -1, 2)
          .bytes<int8_t>({n, input, width}, true)
          .bytes<int8_t>({n, hidden, width}, true)
          .floats({n, 2 * width}, -1, 1);
      for (int i = 4; i < 8; ++i) model.none();
      const std::vector<int64_t> dims =
          columns ? std::vector<int64_t>{n, width} : std::vector<int64_t>{n};
      for (int side = 0; side < 2; ++side) {
        model.floats(dims, 0.005f, 0.01f, true).bytes<int8_t>(dims, true);
      }
      // h is quantised at each step: one that is half way between two of its 255 steps may go
      // either way.
      model.output(DType::kFloat)
          .integer("hidden_size", hidden)
          .text("direction", "bidirectional")
          .check(2e-2);
    }
  }
}

TEST(FastKernels, Swish) {
  for (const float alpha : {1.0f, -0.7f, 1.702f}) {
    OneNode("Swish")
        .floats({3, 41}, -30, 30)
        .number("alpha", alpha)
        .output(DType::kFloat)
        .check(1e-4);
  }
  OneNode("QuickGelu", "com.microsoft").floats({3, 41}, -30, 30).output(DType::kFloat).check(1e-5);
}

TEST(FastKernels, MatMulNBits) {
  for (const int64_t rows : {1, 5, 40}) {
    for (const bool zeros : {false, true}) {
      const int64_t k = 70, n = 19, blocks = 3;
      OneNode model("MatMulNBits", "com.microsoft");
      model.floats({2, rows, k}, -1, 1)
          .bytes<uint8_t>({n, blocks, 16}, true)
          .floats({n * blocks}, 0.01f, 0.1f, true);
      if (zeros) {
        model.bytes<uint8_t>({n * 2}, true);
      } else {
        model.none();
      }
      model.none()
          .floats({n}, -1, 1, true)
          .output(DType::kFloat)
          .integer("K", k)
          .integer("N", n)
          .integer("bits", 4)
          .integer("block_size", 32)
          .check(1e-4);
    }
  }
}

}  // namespace
}  // namespace escuta::cpu
