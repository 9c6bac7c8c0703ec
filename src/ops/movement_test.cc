// What ONNX's own tests leave out: old versions, shape arithmetic on symbols, packed elements,
// sizes that make no sense.
#include <numeric>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using Ints = std::vector<int64_t>;
using Floats32 = std::vector<float>;

Fact fact_of(DType dtype, Dims dims) {
  Fact fact;
  fact.dtype = dtype;
  fact.shape = std::move(dims);
  return fact;
}

// The fact borrows the tensor's elements.
Fact constant_of(const Datum& datum) {
  auto constant = std::make_shared<graph::Constant>();
  constant->dtype = datum.dtype();
  constant->shape = datum.shape();
  constant->bytes = {datum.bytes(), datum.byte_size()};
  return Fact::of(constant);
}

Fact infer_one(const TestNode& node, const std::vector<Fact>& facts) {
  const Result<std::vector<Fact>> inferred = node.infer(facts);
  EXPECT_TRUE(inferred.ok()) << inferred.status().to_string();
  return inferred.ok() ? (*inferred)[0] : Fact();
}

Datum run_one(const TestNode& node, const std::vector<Datum>& inputs) {
  Result<std::vector<Datum>> outputs = node.run(inputs);
  EXPECT_TRUE(outputs.ok()) << outputs.status().to_string();
  return outputs.ok() ? (*outputs)[0] : Datum();
}

TEST(ShapeArithmetic, HeadsAreSplitWithSymbols) {
  // x [B, T, 384] -> [B, T, 6, 64], as exporters write it: B and T from Shape, the rest constant.
  const Fact x = fact_of(DType::kFloat, {Dim("B"), Dim("T"), Dim(int64_t{384})});
  const Fact shape = infer_one(TestNode("", "Shape", 15, 1), {x});
  ASSERT_TRUE(shape.elements);
  EXPECT_EQ(*shape.elements, *x.shape);

  const Datum zero = tensor<int64_t>({}, {0}), one = tensor<int64_t>({}, {-2});
  const Datum axes = tensor<int64_t>({1}, {0});
  std::vector<Fact> parts;
  for (const Datum& index : {zero, one}) {
    const Fact dim = infer_one(TestNode("", "Gather", 13, 2), {shape, constant_of(index)});
    parts.push_back(infer_one(TestNode("", "Unsqueeze", 13, 2), {dim, constant_of(axes)}));
  }
  const Datum rest = tensor<int64_t>({2}, {6, -1});
  parts.push_back(constant_of(rest));
  const Fact target = infer_one(TestNode("", "Concat", 13, 3).set("axis", 0), parts);
  ASSERT_TRUE(target.elements);
  EXPECT_EQ(*target.elements, (Dims{Dim("B"), Dim("T"), Dim(int64_t{6}), Dim()}));

  const Fact heads = infer_one(TestNode("", "Reshape", 14, 2), {x, target});
  EXPECT_EQ(*heads.shape, (Dims{Dim("B"), Dim("T"), Dim(int64_t{6}), Dim()}));
}

TEST(ShapeArithmetic, MinusOneIsWhatIsLeftWhenSymbolsCancel) {
  const Fact x = fact_of(DType::kFloat, {Dim("B"), Dim(int64_t{6}), Dim("T"), Dim(int64_t{64})});
  const Datum keep = tensor<int64_t>({3}, {0, -1, 64});
  EXPECT_FALSE(
      (*infer_one(TestNode("", "Reshape", 14, 2), {x, constant_of(keep)}).shape)[1].is_known());
  const Datum matrix = tensor<int64_t>({4}, {0, 3, -1, 128});
  EXPECT_EQ((*infer_one(TestNode("", "Reshape", 14, 2), {x, constant_of(matrix)}).shape)[2],
            Dim("T"));
}

TEST(ShapeArithmetic, ADimensionThatMayBeZeroIsNotClaimed) {
  // When S is 0, Reshape takes the input's dimension there instead.
  const Fact x = fact_of(DType::kFloat, {Dim(int64_t{2}), Dim(int64_t{3})});
  Fact target = fact_of(DType::kInt64, {Dim(int64_t{2})});
  target.elements = Dims{Dim("S"), Dim(int64_t{3})};
  EXPECT_EQ((*infer_one(TestNode("", "Reshape", 14, 2), {x, target}).shape)[0], Dim());
  EXPECT_EQ((*infer_one(TestNode("", "Reshape", 14, 2).set("allowzero", 1), {x, target}).shape)[0],
            Dim("S"));
}

TEST(ShapeArithmetic, WholeSlicesKeepSymbols) {
  const Fact x = fact_of(DType::kFloat, {Dim("T"), Dim(int64_t{80})});
  const Datum starts = tensor<int64_t>({2}, {0, 10}), ends = tensor<int64_t>({2}, {INT64_MAX, -10});
  const Fact part =
      infer_one(TestNode("", "Slice", 13, 3), {x, constant_of(starts), constant_of(ends)});
  EXPECT_EQ(*part.shape, (Dims{Dim("T"), Dim(int64_t{60})}));
}

TEST(OldVersions, ListsAreAttributes) {
  const Datum x = tensor<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  const Datum padded =
      run_one(TestNode("", "Pad", 1, 1).set("paddings", Ints{0, 1, 0, 0}).set("value", 9.0f), {x});
  EXPECT_EQ(elements<float>(padded), (Floats32{9, 1, 2, 3, 9, 4, 5, 6}));
  const Datum sliced = run_one(TestNode("", "Slice", 1, 1)
                                   .set("starts", Ints{-2})
                                   .set("ends", Ints{1000})
                                   .set("axes", Ints{1}),
                               {x});
  EXPECT_EQ(elements<float>(sliced), (Floats32{2, 3, 5, 6}));
  const Datum reshaped = run_one(TestNode("", "Reshape", 1, 1).set("shape", Ints{3, -1}), {x});
  EXPECT_EQ(reshaped.shape(), (Shape{3, 2}));
  const auto split =
      TestNode("", "Split", 2, 1, 2).set("axis", 1).set("split", Ints{1, 2}).run({x});
  ASSERT_TRUE(split.ok());
  EXPECT_EQ(elements<float>((*split)[1]), (Floats32{2, 3, 5, 6}));
  const auto top = TestNode("", "TopK", 1, 1, 2).set("k", 1).run({x});
  ASSERT_TRUE(top.ok());
  EXPECT_EQ(elements<int64_t>((*top)[1]), (Ints{2, 2}));
}

TEST(OldVersions, TileTakesOneAxis) {
  const Datum x = tensor<float>({2, 2}, {1, 2, 3, 4});
  const Datum tiles = tensor<float>({1}, {2}), axis = tensor<float>({1}, {1});
  const Datum result = run_one(TestNode("", "Tile", 1, 3), {x, tiles, axis});
  EXPECT_EQ(elements<float>(result), (Floats32{1, 2, 1, 2, 3, 4, 3, 4}));
}

TEST(OldVersions, UpsampleTakesTwoScales) {
  const Datum x = tensor<float>({1, 1, 1, 2}, {1, 2});
  const Datum result = run_one(
      TestNode("", "Upsample", 1, 1).set("height_scale", 2.0f).set("width_scale", 1.5f), {x});
  EXPECT_EQ(result.shape(), (Shape{1, 1, 2, 3}));
  EXPECT_EQ(elements<float>(result), (Floats32{1, 1, 2, 1, 1, 2}));
}

TEST(Transpose, IsRightBeyondOneBlock) {
  const int64_t rows = 37, cols = 53;
  std::vector<float> values(static_cast<size_t>(2 * rows * cols));
  std::iota(values.begin(), values.end(), 0.0f);
  const Datum x = tensor<float>({2, rows, cols}, values);
  const std::vector<float> y =
      elements<float>(run_one(TestNode("", "Transpose", 13, 1).set("perm", Ints{0, 2, 1}), {x}));
  for (int64_t b = 0; b < 2; ++b) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < cols; ++c) {
        ASSERT_EQ(y[static_cast<size_t>((b * cols + c) * rows + r)],
                  values[static_cast<size_t>((b * rows + r) * cols + c)]);
      }
    }
  }
}

TEST(Transpose, MovesElementsUnderAByte) {
  // [[1, 2, 3], [4, 5, 6]] in 4 bits each.
  Datum x = Datum::create(DType::kUint4, {2, 3}).value();
  for (int i = 0; i < 3; ++i) x.mutable_bytes()[i] = static_cast<std::byte>(0x21 + 0x22 * i);
  const Datum y = run_one(TestNode("", "Transpose", 21, 1), {x});
  EXPECT_EQ(y.shape(), (Shape{3, 2}));
  const std::byte expected[] = {std::byte{0x41}, std::byte{0x52}, std::byte{0x63}};
  EXPECT_TRUE(std::equal(expected, expected + 3, y.bytes()));
}

TEST(Reshape, ZeroDimensionsDoNotHideTheRest) {
  const Datum x = Datum::create(DType::kFloat, {0, 4, 8}).value();
  const Datum shape = tensor<int64_t>({4}, {0, 0, 2, -1});
  EXPECT_EQ(run_one(TestNode("", "Reshape", 14, 2), {x, shape}).shape(), (Shape{0, 4, 2, 4}));
}

TEST(MaxRoiPool, TakesTheTopOfEachBin) {
  std::vector<float> pixels(16);
  std::iota(pixels.begin(), pixels.end(), 0.0f);
  const Datum x = tensor<float>({1, 1, 4, 4}, pixels);
  const Datum rois = tensor<float>({2, 5}, {0, 0, 0, 3, 3, 0, 1, 1, 2, 2});
  const Datum y =
      run_one(TestNode("", "MaxRoiPool", 1, 2).set("pooled_shape", Ints{2, 2}), {x, rois});
  EXPECT_EQ(elements<float>(y), (Floats32{5, 7, 13, 15, 5, 6, 9, 10}));
}

TEST(Hostile, SizesThatMakeNoSenseAreErrors) {
  const Datum x = tensor<float>({2}, {1, 2});
  const Datum huge = tensor<int64_t>({2}, {int64_t{1} << 40, int64_t{1} << 40});
  const Datum large = tensor<int64_t>({2}, {int64_t{1} << 30, 2});
  EXPECT_EQ(TestNode("", "ConstantOfShape", 9, 1).run({huge}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(TestNode("", "Expand", 13, 2).run({x, large}, 1 << 20).status().code(),
            StatusCode::kResourceExhausted);
  const Datum most = tensor<int64_t>({1}, {INT64_MAX}),
              least = tensor<int64_t>({2}, {INT64_MIN, INT64_MAX});
  EXPECT_FALSE(TestNode("", "Tile", 13, 2).run({x, most}).ok());
  EXPECT_FALSE(TestNode("", "Pad", 13, 2).run({x, least}).ok());
  EXPECT_FALSE(TestNode("", "Gather", 13, 2).run({x, most}).ok());
  EXPECT_FALSE(TestNode("", "TopK", 11, 2, 2).run({x, most}).ok());
  EXPECT_FALSE(TestNode("", "OneHot", 11, 3).run({most, most, x}).ok());
}

TEST(ImageDecoder, WhatIsNoImageHasNoPixels) {
  std::vector<uint8_t> bytes = {0xff, 0xd8, 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1};
  for (const size_t count : {size_t{0}, size_t{4}, bytes.size()}) {
    const std::vector<uint8_t> part(bytes.begin(),
                                    bytes.begin() + static_cast<std::ptrdiff_t>(count));
    const Datum file = tensor<uint8_t>({static_cast<int64_t>(count)}, part);
    EXPECT_EQ(run_one(TestNode("", "ImageDecoder", 20, 1), {file}).shape(), (Shape{0, 0, 3}));
  }
}

}  // namespace
}  // namespace escuta::ops
