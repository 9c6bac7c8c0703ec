// Patterns that become one node, and such that look alike and must not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "passes/choose_rows.h"
#include "passes/test_model.h"

namespace escuta::passes {
namespace {

using testing::Contains;
using testing::Key;
using testing::Not;
using testing::Pair;

using Operators = std::map<std::string, int>;

// --- fuse_gelu ---

enum class Half { kLast, kOnX, kOnGate };

TestModel gelu(Half half, float root = 1.41421356f) {
  TestModel model;
  model.input("x", {"n", "3"}).number("root", root).number("one", 1).number("half", 0.5f);
  model.node("Div", {"x", "root"}, {"scaled"}).node("Erf", {"scaled"}, {"erf"});
  model.node("Add", {"erf", "one"}, {"gate"});
  if (half == Half::kLast) {
    model.node("Mul", {"x", "gate"}, {"gated"}).node("Mul", {"gated", "half"}, {"y"});
  } else if (half == Half::kOnX) {
    model.node("Mul", {"half", "x"}, {"halved"}).node("Mul", {"halved", "gate"}, {"y"});
  } else {
    model.node("Mul", {"gate", "half"}, {"halved"}).node("Mul", {"x", "halved"}, {"y"});
  }
  return model;
}

const Values kX = {{"x", random_floats({4, 3})}};

TEST(FuseGelu, TakesEveryOrder) {
  for (const Half half : {Half::kLast, Half::kOnX, Half::kOnGate}) {
    EXPECT_EQ(operators_of(optimized(gelu(half).outputs({"y"}), kX).graph),
              (Operators{{"Gelu", 1}}));
  }
}

TEST(FuseGelu, LeavesWhatIsReadElsewhereOrIsNoGelu) {
  EXPECT_THAT(operators_of(optimized(gelu(Half::kLast).outputs({"y", "erf"}), kX).graph),
              Contains(Key("Erf")));
  EXPECT_THAT(operators_of(optimized(gelu(Half::kLast).outputs({"y", "gated"}), kX).graph),
              Contains(Key("Erf")));
  EXPECT_THAT(operators_of(optimized(gelu(Half::kLast, 1.4f).outputs({"y"}), kX).graph),
              Contains(Key("Erf")));
}

TestModel gelu_tanh(bool by_pow, float scale) {
  TestModel model;
  model.input("x", {"n", "3"}).number("one", 1).number("half", 0.5f).number("three", 3);
  model.number("c", 0.044715f).number("root", scale);
  if (by_pow) {
    model.node("Pow", {"x", "three"}, {"cube"});
  } else {
    model.node("Mul", {"x", "x"}, {"square"}).node("Mul", {"square", "x"}, {"cube"});
  }
  model.node("Mul", {"cube", "c"}, {"cubic"}).node("Add", {"x", "cubic"}, {"sum"});
  model.node("Mul", {"root", "sum"}, {"inner"}).node("Tanh", {"inner"}, {"tanh"});
  model.node("Add", {"one", "tanh"}, {"gate"}).node("Mul", {"x", "half"}, {"halved"});
  return model.node("Mul", {"halved", "gate"}, {"y"}).outputs({"y"});
}

TEST(FuseGelu, TakesTheTanhForm) {
  for (const bool by_pow : {true, false}) {
    const graph::Model model = optimized(gelu_tanh(by_pow, 0.7978845608f), kX);
    ASSERT_EQ(operators_of(model.graph), (Operators{{"Gelu", 1}}));
    EXPECT_EQ(*model.graph.node(0).get<std::string>("approximate"), "tanh");
  }
  EXPECT_THAT(operators_of(optimized(gelu_tanh(true, 0.8f), kX).graph), Contains(Key("Tanh")));
}

// --- fuse_swish ---

TEST(FuseSwish, TakesAnyFactor) {
  for (const float alpha : {1.0f, 1.702f}) {
    TestModel made;
    made.input("x", {"n", "3"}).number("alpha", alpha);
    if (alpha != 1) made.node("Mul", {"alpha", "x"}, {"scaled"});
    made.node("Sigmoid", {alpha == 1 ? "x" : "scaled"}, {"gate"});
    made.node("Mul", {"x", "gate"}, {"y"}).outputs({"y"});
    EXPECT_EQ(operators_of(optimized(made, kX).graph), (Operators{{"Swish", 1}}));
  }
}

TEST(FuseSwish, LeavesWhatIsReadElsewhereOrIsAnotherProduct) {
  TestModel made;
  made.input("x", {"n", "3"}).node("Sigmoid", {"x"}, {"gate"});
  TestModel other = made;
  other.input("z", {"n", "3"});
  made.node("Mul", {"x", "gate"}, {"y"}).outputs({"y", "gate"});
  EXPECT_THAT(operators_of(optimized(made, kX).graph), Contains(Key("Sigmoid")));
  other.node("Mul", {"z", "gate"}, {"y"}).outputs({"y"});
  EXPECT_THAT(
      operators_of(
          optimized(other, {{"x", random_floats({4, 3})}, {"z", random_floats({4, 3}, 7)}}).graph),
      Contains(Key("Sigmoid")));
}

// --- fuse_layer_norm, fuse_skip_layer_norm ---

// x [n, 3, 4] normalised over `axis`; "Mul": d * d and 1 / root, else Pow and Div.
TestModel layer_norm(bool by_pow, bool centred, int64_t axis = -1) {
  TestModel model(13);
  model.input("x", {"n", "3", "4"}).number("two", 2).number("eps", 1e-5f).number("one", 1);
  model.constant("gain", random_floats({4}, 5)).constant("bias", random_floats({4}, 6));
  const auto mean = [&](const std::string& from, const std::string& to) {
    model.node("ReduceMean", {from}, {to}, {attribute_of("axes", std::vector<int64_t>{axis})});
  };
  std::string d = "x";
  if (centred) {
    mean("x", "mean");
    model.node("Sub", {"x", "mean"}, {"d"});
    d = "d";
  }
  model.node(by_pow ? "Pow" : "Mul", {d, by_pow ? "two" : d}, {"square"});
  mean("square", "variance");
  model.node("Add", {"variance", "eps"}, {"sum"}).node("Sqrt", {"sum"}, {"root"});
  if (by_pow) {
    model.node("Div", {d, "root"}, {"normal"});
  } else {
    model.node("Div", {"one", "root"}, {"inverse"}).node("Mul", {d, "inverse"}, {"normal"});
  }
  model.node("Mul", {"gain", "normal"}, {"scaled"});
  return model.node("Add", {"scaled", "bias"}, {"y"});
}

const Values kRows = {{"x", random_floats({2, 3, 4})}};

TEST(FuseLayerNorm, TakesBothForms) {
  for (const bool by_pow : {true, false}) {
    EXPECT_EQ(operators_of(optimized(layer_norm(by_pow, true).outputs({"y"}), kRows).graph),
              (Operators{{"LayerNormalization", 1}}));
    EXPECT_EQ(operators_of(optimized(layer_norm(by_pow, false).outputs({"y"}), kRows).graph),
              (Operators{{"RMSNormalization", 1}, {"Add", 1}}));
  }
}

TEST(FuseLayerNorm, LeavesOtherAxesAndWhatIsReadElsewhere) {
  EXPECT_THAT(operators_of(optimized(layer_norm(true, true, 1).outputs({"y"}), kRows).graph),
              Contains(Key("Sqrt")));
  EXPECT_THAT(operators_of(optimized(layer_norm(true, true).outputs({"y", "normal"}), kRows).graph),
              Contains(Key("Sqrt")));
  // Others may read what comes before the division: it is there for them.
  EXPECT_THAT(operators_of(optimized(layer_norm(true, true).outputs({"y", "d"}), kRows).graph),
              Contains(Key("LayerNormalization")));
}

TestModel skipping(const Strings& skip_dims) {
  TestModel model;
  model.input("x", {"n", "3", "4"}).input("skip", skip_dims);
  model.constant("gain", random_floats({4}, 5)).constant("bias", random_floats({4}, 6));
  model.node("Add", {"x", "skip"}, {"sum"});
  return model.node("LayerNormalization", {"sum", "gain", "bias"}, {"y"});
}

TEST(FuseSkipLayerNorm, KeepsTheSumWhereItIsRead) {
  Values inputs = kRows;
  inputs["skip"] = random_floats({2, 3, 4}, 2);
  EXPECT_EQ(operators_of(optimized(skipping({"n", "3", "4"}).outputs({"y"}), inputs).graph),
            (Operators{{"SkipLayerNormalization", 1}}));
  TestModel twice = skipping({"n", "3", "4"}).node("Neg", {"sum"}, {"z"}).outputs({"y", "z"});
  EXPECT_EQ(operators_of(optimized(twice, inputs).graph),
            (Operators{{"SkipLayerNormalization", 1}, {"Neg", 1}}));
}

TEST(FuseSkipLayerNorm, LeavesSumsThatBroadcast) {
  Values inputs = kRows;
  inputs["skip"] = random_floats({1, 3, 4}, 2);
  for (const char* batch : {"1", "m"}) {
    EXPECT_THAT(operators_of(optimized(skipping({batch, "3", "4"}).outputs({"y"}), inputs).graph),
                Contains(Key("Add")));
  }
}

// --- fuse_matmul_bias ---

TestModel product() {
  TestModel model;
  model.input("x", {"n", "3"}).constant("w", random_floats({3, 5}, 2));
  model.constant("bias", random_floats({5}, 3)).number("scale", 0.25f);
  return model.node("MatMul", {"x", "w"}, {"product"});
}

TEST(FuseMatMulBias, TakesScaleBiasAndActivation) {
  TestModel made = product();
  made.node("Mul", {"product", "scale"}, {"scaled"}).node("Add", {"bias", "scaled"}, {"sum"});
  made.node("Relu", {"sum"}, {"y"}).outputs({"y"});
  const graph::Model model = optimized(made, kX);
  ASSERT_EQ(operators_of(model.graph), (Operators{{"MatMulBias", 1}}));
  EXPECT_EQ(*model.graph.node(0).get<std::string>("activation"), "Relu");
  EXPECT_EQ(*model.graph.node(0).get<float>("alpha"), 0.25f);
  EXPECT_EQ(model.graph.value(model.graph.outputs[0]).name, "y");
}

TEST(FuseMatMulBias, TakesEachActivation) {
  for (const char* activation : {"Tanh", "Sigmoid", "Relu"}) {
    TestModel made = product();
    made.node("Add", {"product", "bias"}, {"sum"}).node(activation, {"sum"}, {"y"});
    EXPECT_EQ(operators_of(optimized(made.outputs({"y"}), kX).graph),
              (Operators{{"MatMulBias", 1}}));
  }
}

TEST(FuseMatMulBias, TakesSwish) {
  TestModel made = product();
  made.node("Add", {"product", "bias"}, {"sum"}).node("Sigmoid", {"sum"}, {"gate"});
  made.node("Mul", {"gate", "sum"}, {"y"}).outputs({"y"});
  const graph::Model model = optimized(made, kX);
  ASSERT_EQ(operators_of(model.graph), (Operators{{"MatMulBias", 1}}));
  EXPECT_EQ(*model.graph.node(0).get<std::string>("activation"), "Silu");
}

TEST(FuseMatMulBias, TakesGemm) {
  for (const bool vector : {true, false}) {
    TestModel made;
    made.input("x", {"n", "3"}).constant("w", random_floats({5, 3}, 2));
    made.constant("c", random_floats(vector ? Shape{5} : Shape{4, 5}, 3));
    made.node("Gemm", {"x", "w", "c"}, {"sum"},
              {attribute_of("transB", int64_t{1}), attribute_of("alpha", 0.5f)});
    made.node("Tanh", {"sum"}, {"y"}).outputs({"y"});
    EXPECT_EQ(operators_of(optimized(made, kX).graph),
              vector ? (Operators{{"MatMulBias", 1}}) : (Operators{{"Gemm", 1}, {"Tanh", 1}}));
  }
}

TEST(FuseMatMulBias, LeavesProductsThatAreReadElsewhere) {
  TestModel made = product();
  made.node("Add", {"product", "bias"}, {"y"}).outputs({"y", "product"});
  EXPECT_EQ(operators_of(optimized(made, kX).graph), (Operators{{"MatMul", 1}, {"Add", 1}}));
}

TEST(FuseMatMulBias, StopsAtABiasForRows) {
  TestModel made = product();
  made.constant("rows", random_floats({4, 1}, 5)).node("Add", {"product", "rows"}, {"y"});
  EXPECT_EQ(operators_of(optimized(made.outputs({"y"}), kX).graph),
            (Operators{{"MatMul", 1}, {"Add", 1}}));
}

// --- fuse_bias_gelu, fuse_conv ---

TEST(FuseBiasGelu, TakesAVectorOnly) {
  for (const int64_t rows : {1, 4}) {
    TestModel made(20);
    made.input("x", {"n", "3"}).constant("vector", random_floats({3}, 2));
    made.constant("matrix", random_floats({4, 3}, 2));
    made.node("Add", {rows == 1 ? "vector" : "matrix", "x"}, {"sum"}).node("Gelu", {"sum"}, {"y"});
    EXPECT_EQ(operators_of(optimized(made.outputs({"y"}), kX).graph),
              rows == 1 ? (Operators{{"BiasGelu", 1}}) : (Operators{{"Add", 1}, {"Gelu", 1}}));
  }
}

TestModel convolution(bool with_bias) {
  TestModel model;
  model.input("x", {"2", "4", "9"}).constant("w", random_floats({6, 2, 3}, 2));
  model.constant("b", random_floats({6}, 3)).constant("scale", random_floats({6}, 4));
  model.constant("shift", random_floats({6}, 5)).constant("mean", random_floats({6}, 6));
  model.constant("variance", datum_of<float>({6}, {1, 0.5f, 2, 0.1f, 3, 0.7f}));
  return model.node("Conv", with_bias ? Strings{"x", "w", "b"} : Strings{"x", "w"}, {"conv"},
                    {attribute_of("group", int64_t{2})});
}

const Values kImage = {{"x", random_floats({2, 4, 9})}};

TEST(FuseConv, TakesNormalizationAndActivation) {
  for (const bool with_bias : {true, false}) {
    TestModel made = convolution(with_bias);
    made.node("BatchNormalization", {"conv", "scale", "shift", "mean", "variance"}, {"normal"});
    made.node("Relu", {"normal"}, {"y"}).outputs({"y"});
    EXPECT_EQ(operators_of(optimized(made, kImage).graph), (Operators{{"FusedConv", 1}}));
  }
}

TEST(FuseConv, LeavesWhatIsReadElsewhere) {
  TestModel made = convolution(true);
  made.node("BatchNormalization", {"conv", "scale", "shift", "mean", "variance"}, {"normal"});
  made.node("Relu", {"conv"}, {"y"}).outputs({"y", "normal"});
  EXPECT_EQ(operators_of(optimized(made, kImage).graph),
            (Operators{{"Conv", 1}, {"BatchNormalization", 1}, {"Relu", 1}}));
}

// --- fuse_integer_products ---

Datum bytes(const Shape& shape, int step) {
  std::vector<int8_t> values(static_cast<size_t>(shape.count()));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<int8_t>(i * static_cast<size_t>(step));
  return datum_of<int8_t>(shape, values);
}

// x quantised, as q, its scale and its zero point.
TestModel quantized(const Strings& dims) {
  TestModel model;
  return model.input("x", dims).node("DynamicQuantizeLinear", {"x"}, {"q", "scale", "zero"});
}

TEST(FuseIntegerProducts, TakesProductsWithScalesAndBias) {
  for (const bool columns : {false, true}) {
    TestModel made = quantized({"n", "3"});
    made.constant("w", bytes({3, 5}, 37)).constant("bias", random_floats({5}, 3));
    made.constant("w_scale", columns ? random_floats({5}, 4) : random_floats({}, 4));
    made.node("MatMulInteger", {"q", "w", "zero"}, {"sums"})
        .node("Mul", {"scale", "w_scale"}, {"scales"});
    made.node("Cast", {"sums"}, {"floats"}, {attribute_of("to", int64_t{1})});
    made.node("Mul", {"floats", "scales"}, {"scaled"}).node("Add", {"bias", "scaled"}, {"y"});
    EXPECT_EQ(operators_of(optimized(made.outputs({"y"}), kX).graph),
              (Operators{{"DynamicQuantizeLinear", 1}, {"MatMulIntegerToFloat", 1}}));
  }
}

TEST(FuseIntegerProducts, LeavesSumsThatAreReadElsewhereAndScalesOfRows) {
  TestModel made = quantized({"4", "3"});
  made.constant("w", bytes({3, 5}, 37)).node("MatMulInteger", {"q", "w", "zero"}, {"sums"});
  made.node("Cast", {"sums"}, {"floats"}, {attribute_of("to", int64_t{1})});
  TestModel rows = made;
  made.number("w_scale", 0.1f).node("Mul", {"scale", "w_scale"}, {"scales"});
  made.node("Mul", {"floats", "scales"}, {"y"}).outputs({"y", "sums"});
  EXPECT_THAT(operators_of(optimized(made, kX).graph), Contains(Key("MatMulInteger")));
  rows.constant("w_scale", random_floats({4, 1}, 4)).node("Mul", {"scale", "w_scale"}, {"scales"});
  rows.node("Mul", {"floats", "scales"}, {"y"}).outputs({"y"});
  EXPECT_THAT(operators_of(optimized(rows, kX).graph), Contains(Key("MatMulInteger")));
}

enum class Bias { kNone, kBefore, kAfter };

TEST(FuseIntegerProducts, TakesConvolutionsWithEitherBias) {
  for (const Bias bias : {Bias::kNone, Bias::kBefore, Bias::kAfter}) {
    TestModel made = quantized({"2", "4", "9"});
    made.constant("w", bytes({6, 2, 3}, 29)).number("w_scale", 0.01f).ints("row", {1, 6, 1});
    made.node("ConvInteger", {"q", "w", "zero"}, {"sums"}, {attribute_of("group", int64_t{2})});
    made.node("Mul", {"scale", "w_scale"}, {"scales"});
    std::string sums = "sums";
    if (bias == Bias::kBefore) {
      made.constant("wanted", random_floats({6}, 4)).node("Div", {"wanted", "scales"}, {"steps"});
      made.node("Cast", {"steps"}, {"whole"}, {attribute_of("to", int64_t{6})});
      made.node("Reshape", {"whole", "row"}, {"bias"}).node("Add", {sums, "bias"}, {"biased"});
      sums = "biased";
    }
    made.node("Cast", {sums}, {"floats"}, {attribute_of("to", int64_t{1})});
    made.node("Mul", {"floats", "scales"}, {bias == Bias::kAfter ? "scaled" : "y"});
    if (bias == Bias::kAfter) {
      made.constant("bias", random_floats({1, 6, 1}, 4)).node("Add", {"scaled", "bias"}, {"y"});
    }
    const Operators found = operators_of(optimized(made.outputs({"y"}), kImage).graph);
    EXPECT_THAT(found, Contains(Pair("ConvIntegerToFloat", 1)));
    EXPECT_THAT(found, Not(Contains(Key("Reshape"))));
    EXPECT_THAT(found, Not(Contains(Key("Add"))));
  }
}

TEST(FuseIntegerProducts, LeavesABiasForPositions) {
  TestModel made = quantized({"2", "4", "9"});
  made.constant("w", bytes({6, 4, 3}, 29)).number("w_scale", 0.01f);
  made.constant("bias", random_floats({1, 1, 7}, 4));
  made.node("ConvInteger", {"q", "w", "zero"}, {"sums"})
      .node("Mul", {"scale", "w_scale"}, {"scales"});
  made.node("Cast", {"sums"}, {"floats"}, {attribute_of("to", int64_t{1})});
  made.node("Mul", {"floats", "scales"}, {"scaled"}).node("Add", {"scaled", "bias"}, {"y"});
  EXPECT_THAT(operators_of(optimized(made.outputs({"y"}), kImage).graph), Contains(Pair("Add", 1)));
}

// --- fuse_qdq ---

// Dequantised as `name` from a constant or, without codes, from bytes that the input x becomes.
void dequantize(TestModel& model, const std::string& name, const Datum* codes, const Datum& scale,
                const Datum& zero) {
  model.constant(name + "_scale", scale).constant(name + "_zero", zero);
  if (codes != nullptr) {
    model.constant(name + "_codes", *codes);
  } else {
    model.node("QuantizeLinear", {"x", name + "_scale", name + "_zero"}, {name + "_codes"});
  }
  model.node("DequantizeLinear", {name + "_codes", name + "_scale", name + "_zero"}, {name},
             {attribute_of("axis", int64_t{0})});
}

constexpr float kStep = 0.05f;  // of results

TestModel& requantize(TestModel& model, const std::string& from) {
  model.number("y_scale", kStep).constant("y_zero", datum_of<uint8_t>({}, {128}));
  model.node("QuantizeLinear", {from, "y_scale", "y_zero"}, {"y_codes"});
  return model.node("DequantizeLinear", {"y_codes", "y_scale", "y_zero"}, {"y"}).outputs({"y"});
}

const Datum kScale = datum_of<float>({}, {0.01f}), kZero = datum_of<int8_t>({}, {3});

TestModel quantized_conv(float bias_scale, bool columns) {
  TestModel made;
  made.input("x", {"2", "4", "9"});
  dequantize(made, "q", nullptr, kScale, kZero);
  const Datum codes = bytes({6, 4, 3}, 29), zeros = datum_of<int8_t>({6}, {0, 0, 0, 0, 0, 0});
  const Datum scales = datum_of<float>({6}, {0.01f, 0.02f, 0.01f, 0.02f, 0.01f, 0.02f});
  dequantize(made, "w", &codes, columns ? scales : kScale,
             columns ? zeros : datum_of<int8_t>({}, {0}));
  const Datum bias = datum_of<int32_t>({6}, {0, 100, -2000, 4, 5000, 6});
  std::vector<float> of_sums;
  for (int i = 0; i < 6; ++i) of_sums.push_back(bias_scale * (columns && i % 2 == 1 ? 2 : 1));
  dequantize(made, "b", &bias, datum_of<float>({6}, of_sums),
             datum_of<int32_t>({6}, {0, 0, 0, 0, 0, 0}));
  made.node("Conv", {"q", "w", "b"}, {"conv"});
  return requantize(made, "conv");
}

TEST(FuseQdq, TakesConvolutions) {
  for (const bool columns : {false, true}) {
    const auto found =
        operators_of(optimized(quantized_conv(1e-4f, columns), kImage, kStep * 1.01f).graph);
    EXPECT_EQ(found,
              (Operators{{"QuantizeLinear", 1}, {"QLinearConv", 1}, {"DequantizeLinear", 1}}));
  }
}

TEST(FuseQdq, LeavesABiasOfAnotherScale) {
  EXPECT_THAT(operators_of(optimized(quantized_conv(2e-4f, false), kImage, kStep).graph),
              Contains(Key("Conv")));
}

TEST(FuseQdq, TakesProductsAndLeavesWhatIsReadElsewhere) {
  for (const bool elsewhere : {false, true}) {
    TestModel made;
    made.input("x", {"n", "3"});
    dequantize(made, "q", nullptr, kScale, kZero);
    const Datum codes = bytes({3, 5}, 29);
    dequantize(made, "w", &codes, kScale, kZero);
    made.node("MatMul", {"q", "w"}, {"product"});
    requantize(made, "product");
    if (elsewhere) made.outputs({"product"});
    EXPECT_THAT(operators_of(optimized(made, kX, kStep * 1.01f).graph),
                Contains(Key(elsewhere ? "MatMul" : "QLinearMatMul")));
  }
}

// --- fuse_attention ---

struct Attention {
  bool columns = false;  // keys by one transposition
  bool mask = false;     // added to the scores
  bool scaled = false;   // scores / 2
  std::string batch = "batch", rows = "rows";
};

// Two heads of four; q, k and v are inputs [B, T, 8].
TestModel attention(const Attention& form) {
  TestModel model;
  model.ints("split", {0, 0, 2, 4}).ints("join", {0, 0, 8}).number("two", 2);
  for (const std::string x : {"q", "k", "v"}) {
    model.input(x, {form.batch, x == "q" ? form.rows : "keys", "8"});
    model.node("Reshape", {x, "split"}, {x + "_rows"});
  }
  model.transpose("q_rows", "q_heads", {0, 2, 1, 3}).transpose("v_rows", "v_heads", {0, 2, 1, 3});
  if (form.columns) {
    model.transpose("k_rows", "k_columns", {0, 2, 3, 1});
  } else {
    model.transpose("k_rows", "k_heads", {0, 2, 1, 3});
    model.transpose("k_heads", "k_columns", {0, 1, 3, 2});
  }
  model.node("MatMul", {"q_heads", "k_columns"}, {"product"});
  std::string scores = "product";
  if (form.scaled) model.node("Div", {scores, "two"}, {"halved"}), scores = "halved";
  if (form.mask) {
    model.input("mask", {form.rows, "keys"}).node("Add", {"mask", scores}, {"masked"});
    scores = "masked";
  }
  model.node("Softmax", {scores}, {"weights"}, {attribute_of("axis", int64_t{-1})});
  model.node("MatMul", {"weights", "v_heads"}, {"heads"});
  model.transpose("heads", "out_rows", {0, 2, 1, 3});
  return model.node("Reshape", {"out_rows", "join"}, {"y"});
}

Values attention_inputs(bool mask) {
  Values values = {{"q", random_floats({2, 3, 8}, 1)},
                   {"k", random_floats({2, 5, 8}, 2)},
                   {"v", random_floats({2, 5, 8}, 3)}};
  if (mask) values["mask"] = random_floats({3, 5}, 4);
  return values;
}

TEST(FuseAttention, TakesHeadsSideBySide) {
  for (const bool columns : {false, true}) {
    for (const bool mask : {false, true}) {
      Attention form{.columns = columns, .mask = mask, .scaled = mask};
      TestModel made = attention(form).outputs({"y"});
      const graph::Model model = optimized(made, attention_inputs(mask));
      Operators expected = {{"MultiHeadAttention", 1}};
      if (mask) expected["Unsqueeze"] = 1;
      EXPECT_EQ(operators_of(model.graph), expected);
    }
  }
}

// A decoder gives its keys and values back, so they are there as heads.
TEST(FuseAttention, ReadsHeadsThatAreKept) {
  TestModel made = attention({}).outputs({"y", "k_heads", "v_heads"});
  EXPECT_EQ(operators_of(optimized(made, attention_inputs(false)).graph),
            (Operators{{"MultiHeadAttention", 1}, {"Reshape", 2}, {"Transpose", 2}}));
}

TEST(FuseAttention, LeavesScoresAndWeightsThatAreReadElsewhere) {
  for (const char* output : {"weights", "product", "halved"}) {
    TestModel made = attention({.scaled = true}).outputs({"y", output});
    EXPECT_THAT(operators_of(optimized(made, attention_inputs(false)).graph),
                Contains(Key("Softmax")))
        << output;
  }
}

TEST(FuseAttention, TakesFourDimensionsAsTheyStand) {
  TestModel made = attention({.mask = true}).outputs({"heads"});
  EXPECT_THAT(operators_of(optimized(made, attention_inputs(true)).graph),
              testing::AllOf(Contains(Pair("Attention", 1)), Not(Contains(Key("Softmax")))));
}

// Keys [S, N, D], as torch's multi-head attention has them, and keys that come as columns.
TEST(FuseAttention, TurnsKeysRound) {
  for (const bool given : {false, true}) {
    TestModel made;
    made.input("q", {"n", "3", "4"}).input("v", {"n", "5", "4"});
    made.input("k", given ? Strings{"n", "4", "5"} : Strings{"5", "n", "4"});
    if (!given) made.transpose("k", "columns", {1, 2, 0});
    made.node("MatMul", {"q", given ? "k" : "columns"}, {"scores"});
    made.node("Softmax", {"scores"}, {"weights"}).node("MatMul", {"weights", "v"}, {"y"});
    made.outputs({"y"});
    const Values inputs = {{"q", random_floats({2, 3, 4}, 1)},
                           {"k", random_floats(given ? Shape{2, 4, 5} : Shape{5, 2, 4}, 2)},
                           {"v", random_floats({2, 5, 4}, 3)}};
    EXPECT_EQ(operators_of(optimized(made, inputs).graph),
              (Operators{{"MultiHeadAttention", 1}, {"Transpose", 1}}));
  }
}

// A decoder's step: keys and values of the steps before stand before the new ones, and are given
// back.
TEST(FusePast, TakesKeysAndValuesOfEarlierSteps) {
  for (const bool kept : {true, false}) {
    TestModel made;
    made.ints("split", {0, 0, 2, 4}).ints("join", {0, 0, 8});
    for (const std::string x : {"q", "k", "v"}) {
      made.input(x, {"batch", "rows", "8"}).node("Reshape", {x, "split"}, {x + "_rows"});
      made.transpose(x + "_rows", x + "_heads", {0, 2, 1, 3});
      if (x == "q") continue;
      made.input(x + "_past", {"batch", "2", "past", "4"});
      made.node("Concat", {x + "_past", x + "_heads"}, {x + "_all"},
                {attribute_of("axis", int64_t{kept ? 2 : -2})});
    }
    made.transpose("k_all", "k_columns", {0, 1, 3, 2})
        .node("MatMul", {"q_heads", "k_columns"}, {"scores"});
    made.node("Softmax", {"scores"}, {"weights"}, {attribute_of("axis", int64_t{-1})});
    made.node("MatMul", {"weights", "v_all"}, {"heads"})
        .transpose("heads", "out_rows", {0, 2, 1, 3});
    made.node("Reshape", {"out_rows", "join"}, {"y"});
    made.outputs(kept ? Strings{"y", "k_all", "v_all"} : Strings{"y"});
    Values inputs = {{"k_past", random_floats({2, 2, 5, 4}, 4)},
                     {"v_past", random_floats({2, 2, 5, 4}, 5)}};
    for (const char* x : {"q", "k", "v"}) {
      inputs[x] = random_floats({2, 3, 8}, static_cast<uint32_t>(*x));
    }
    EXPECT_EQ(operators_of(optimized(made, inputs).graph), (Operators{{"MultiHeadAttention", 1}}));
  }
}

// One matrix of keys for all items of the batch: numpy's rules, but no attention.
TEST(FuseAttention, LeavesKeysThatAreShared) {
  TestModel made;
  made.input("q", {"2", "2", "3", "4"}).input("k", {"1", "2", "5", "4"});
  made.input("v", {"2", "2", "5", "4"});
  made.transpose("k", "columns", {0, 1, 3, 2}).node("MatMul", {"q", "columns"}, {"scores"});
  made.node("Softmax", {"scores"}, {"weights"}).node("MatMul", {"weights", "v"}, {"y"});
  made.outputs({"y"});
  const Values inputs = {{"q", random_floats({2, 2, 3, 4}, 1)},
                         {"k", random_floats({1, 2, 5, 4}, 2)},
                         {"v", random_floats({2, 2, 5, 4}, 3)}};
  EXPECT_THAT(operators_of(optimized(made, inputs).graph), Contains(Key("Softmax")));
}

// softmax over the last three dimensions, as opset 11 has it by default.
TEST(FuseAttention, LeavesOtherAxes) {
  TestModel made(11);
  made.input("q", {"2", "3", "4"}).input("k", {"2", "5", "4"}).input("v", {"2", "5", "4"});
  made.transpose("k", "columns", {0, 2, 1}).node("MatMul", {"q", "columns"}, {"scores"});
  TestModel last = made;
  const auto finish = [](TestModel& model, int64_t axis) -> TestModel& {
    model.node("Softmax", {"scores"}, {"weights"}, {attribute_of("axis", axis)});
    return model.node("MatMul", {"weights", "v"}, {"y"}).outputs({"y"});
  };
  const Values inputs = {{"q", random_floats({2, 3, 4}, 1)},
                         {"k", random_floats({2, 5, 4}, 2)},
                         {"v", random_floats({2, 5, 4}, 3)}};
  EXPECT_THAT(operators_of(optimized(finish(made, 1), inputs).graph), Contains(Key("Softmax")));
  EXPECT_THAT(operators_of(optimized(finish(last, 2), inputs).graph),
              Contains(Pair("MultiHeadAttention", 1)));
}

// --- choose_rows ---

TEST(ChooseRows, TakesRowsBeforeTheProducts) {
  TestModel made;
  made.input("x", {"batch", "rows", "6"}).constant("w", random_floats({6, 9}, 2));
  made.constant("b", random_floats({9}, 3)).constant("one", random_floats({6}, 4));
  made.node("Tanh", {"x"}, {"t"}).node("LayerNormalization", {"t", "one"}, {"n"});
  made.node("MatMul", {"n", "w"}, {"p"}).node("Add", {"b", "p"}, {"y"}).outputs({"y"});
  Values inputs = {{"x", random_floats({2, 5, 6}, 1)}};
  graph::Model model = optimize(made.model(), {{"all"}, {}}).value();
  const Datum all = run_nodes(model, inputs)->at("y");
  ASSERT_TRUE(choose_rows(model, "y", 1, "which").value());
  EXPECT_EQ(model.graph.nodes()[0].op_type, "Gather");
  EXPECT_EQ(model.graph.nodes().size(), 5u);
  inputs["which"] = datum_of<int64_t>({3}, {4, 0, -1});
  const Datum some = run_nodes(optimize(model, {}).value(), inputs)->at("y");
  ASSERT_EQ(some.shape(), (Shape{2, 3, 9}));
  for (size_t item = 0; item < 2; ++item) {
    for (size_t i = 0; i < 3; ++i) {
      for (size_t j = 0; j < 9; ++j) {
        const size_t row = i == 1 ? 0 : 4;
        EXPECT_NEAR(some.as<float>()[(item * 3 + i) * 9 + j],
                    all.as<float>()[(item * 5 + row) * 9 + j], 1e-6f);
      }
    }
  }
}

TEST(ChooseRows, LeavesWhatMixesRowsOrIsReadElsewhere) {
  TestModel made;
  made.input("x", {"batch", "rows", "6"})
      .node("Softmax", {"x"}, {"y"}, {attribute_of("axis", int64_t{1})});
  made.outputs({"y"});
  graph::Model model = optimize(made.model(), {{"all"}, {}}).value();
  EXPECT_FALSE(choose_rows(model, "y", 1, "which").value());
  EXPECT_FALSE(choose_rows(model, "z", 1, "which").value());
  EXPECT_FALSE(choose_rows(model, "y", 1, "x").value());
  EXPECT_EQ(model.graph.inputs.size(), 1u);
}

// A pass that is off leaves the graph alone; a name that no pass has is refused.
TEST(Optimize, SwitchesPassesOffByName) {
  TestModel made = gelu(Half::kLast).outputs({"y"});
  const auto without = optimize(made.model(), {{"fuse_gelu"}, {}});
  ASSERT_TRUE(without.ok());
  EXPECT_THAT(operators_of(without->graph), Contains(Key("Erf")));
  EXPECT_EQ(optimize(made.model(), {{"fuse_all"}, {}}).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace escuta::passes
