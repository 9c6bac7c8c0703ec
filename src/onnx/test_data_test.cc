#include "onnx/test_data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <protozero/pbf_writer.hpp>

#include "onnx/fields.h"

namespace escuta::onnx {
namespace {

using Kind = TypeDef::Kind;
using protozero::pbf_writer;

std::string int64s(std::vector<int64_t> values) {
  std::string bytes;
  pbf_writer m(bytes);
  m.add_int64(field::tensor::kDims, static_cast<int64_t>(values.size()));
  m.add_int32(field::tensor::kDataType, static_cast<int>(DType::kInt64));
  m.add_packed_int64(field::tensor::kInt64Data, values.begin(), values.end());
  return bytes;
}

// A SequenceProto or OptionalProto.
std::string holding(int elem_type, uint32_t field, const std::vector<std::string>& values) {
  std::string bytes;
  pbf_writer m(bytes);
  m.add_string(field::sequence::kName, "held");
  m.add_int32(field::sequence::kElemType, elem_type);
  for (const std::string& value : values) m.add_message(field, value);
  return bytes;
}

std::string map(int key_type, std::vector<int64_t> keys, const std::vector<std::string>& strings,
                const std::string& values) {
  std::string bytes;
  pbf_writer m(bytes);
  m.add_int32(field::map::kKeyType, key_type);
  m.add_packed_int64(field::map::kKeys, keys.begin(), keys.end());
  for (const std::string& key : strings) m.add_string(field::map::kStringKeys, key);
  m.add_message(field::map::kValues, values);
  return bytes;
}

// From a copy of exactly the bytes' size, so that the sanitizers see a read beyond the end.
Result<DataFile> parse(std::string_view bytes, Kind kind) {
  const auto copy = std::make_shared<const std::vector<char>>(bytes.begin(), bytes.end());
  return parse_data(std::as_bytes(std::span(*copy)), kind, copy);
}

std::vector<int64_t> values_of(const DataDef& def) {
  EXPECT_EQ(def.kind, Kind::kTensor);
  std::vector<int64_t> values(def.tensor.bytes.size() / sizeof(int64_t));
  std::ranges::copy(def.tensor.bytes, std::as_writable_bytes(std::span(values)).begin());
  return values;
}

std::string two_tensors() {
  return holding(1, field::sequence::kTensors, {int64s({1, -2}), int64s({})});
}

TEST(TestData, Tensor) {
  const auto file = parse(int64s({7, 8, 9}), Kind::kTensor);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  EXPECT_EQ(values_of(file->value), (std::vector<int64_t>{7, 8, 9}));
  EXPECT_EQ(file->value.tensor.dims, (std::vector<int64_t>{3}));
}

TEST(TestData, SequenceOfTensors) {
  const auto file = parse(two_tensors(), Kind::kSequence);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  EXPECT_EQ(file->value.name, "held");
  ASSERT_EQ(file->value.elements.size(), 2u);
  EXPECT_EQ(values_of(file->value.elements[0]), (std::vector<int64_t>{1, -2}));
  EXPECT_EQ(values_of(file->value.elements[1]), (std::vector<int64_t>{}));
}

TEST(TestData, OptionalWithAndWithoutASequence) {
  const auto full = parse(holding(3, field::optional::kSequence, {two_tensors()}), Kind::kOptional);
  ASSERT_TRUE(full.ok()) << full.status().to_string();
  ASSERT_EQ(full->value.elements.size(), 1u);
  EXPECT_EQ(full->value.elements[0].kind, Kind::kSequence);
  EXPECT_EQ(full->value.elements[0].elements.size(), 2u);

  const auto empty = parse(holding(0, field::optional::kSequence, {}), Kind::kOptional);
  ASSERT_TRUE(empty.ok()) << empty.status().to_string();
  EXPECT_TRUE(empty->value.elements.empty());

  const auto two =
      parse(holding(1, field::optional::kTensor, {int64s({1}), int64s({2})}), Kind::kOptional);
  EXPECT_EQ(two.status().message(), "expected at most one value in an optional, found 2");
}

TEST(TestData, MapsOfNumbersAndOfStrings) {
  const auto numbers =
      parse(map(static_cast<int>(DType::kInt32), {5, -6}, {}, two_tensors()), Kind::kMap);
  ASSERT_TRUE(numbers.ok()) << numbers.status().to_string();
  std::array<int32_t, 2> keys{};
  ASSERT_EQ(numbers->value.tensor.bytes.size(), sizeof(keys));
  std::memcpy(keys.data(), numbers->value.tensor.bytes.data(), sizeof(keys));
  EXPECT_EQ(keys, (std::array<int32_t, 2>{5, -6}));
  EXPECT_EQ(values_of(numbers->value.elements[0]), (std::vector<int64_t>{1, -2}));

  const auto strings =
      parse(map(static_cast<int>(DType::kString), {}, {"a", "b"}, two_tensors()), Kind::kMap);
  ASSERT_TRUE(strings.ok()) << strings.status().to_string();
  EXPECT_EQ(strings->value.tensor.strings, (std::vector<std::string>{"a", "b"}));
}

TEST(TestData, DataOfEveryKind) {
  const auto datum = [](const std::string& bytes, Kind kind) {
    return to_datum(parse(bytes, kind).value().value);
  };
  const Datum tensor = datum(int64s({4, 5}), Kind::kTensor).value();
  EXPECT_EQ(tensor.as<int64_t>()[1], 5);
  const Datum sequence = datum(two_tensors(), Kind::kSequence).value();
  EXPECT_EQ(sequence.sequence().dtype, DType::kInt64);
  EXPECT_EQ(sequence.sequence().items.at(0).as<int64_t>()[1], -2);
  EXPECT_TRUE(datum(holding(0, field::optional::kTensor, {}), Kind::kOptional).value().is_none());
  EXPECT_TRUE(datum(holding(1, field::optional::kTensor, {int64s({1})}), Kind::kOptional)
                  .value()
                  .is_tensor());

  const std::string singles = holding(1, field::sequence::kTensors, {int64s({10}), int64s({20})});
  const Datum by_name =
      datum(map(static_cast<int>(DType::kString), {}, {"a", "b"}, singles), Kind::kMap).value();
  EXPECT_EQ(by_name.map().keys.as<std::string>()[1], "b");
  EXPECT_EQ(by_name.map().values.as<int64_t>()[1], 20);
  EXPECT_EQ(datum(map(static_cast<int>(DType::kInt32), {3, 3}, {}, singles), Kind::kMap)
                .status()
                .message(),
            "expected distinct keys in a map, found one twice");
  EXPECT_EQ(datum(map(static_cast<int>(DType::kInt32), {3, 4}, {}, two_tensors()), Kind::kMap)
                .status()
                .message(),
            "expected single elements of one type in a map, found other values");
}

TEST(TestData, WhatDoesNotFitIsRefused) {
  const auto message = [](const std::string& bytes, Kind kind) {
    return std::string(parse(bytes, kind).status().message());
  };
  EXPECT_EQ(message(holding(3, field::sequence::kTensors, {int64s({1})}), Kind::kSequence),
            "expected elements of the kind that elem_type says, found others");
  EXPECT_EQ(message(holding(9, field::sequence::kTensors, {}), Kind::kSequence),
            "expected an element type from 0 to 5, found 9");
  EXPECT_EQ(message(holding(2, field::sequence::kSparseTensors, {""}), Kind::kSequence),
            "expected a tensor, sequence, map or optional, found another kind");
  EXPECT_EQ(message(map(static_cast<int>(DType::kInt64), {1}, {}, two_tensors()), Kind::kMap),
            "expected 2 keys for as many values of a map, found 1");
  EXPECT_EQ(message(map(static_cast<int>(DType::kFloat), {1, 2}, {}, two_tensors()), Kind::kMap),
            "expected the keys of a map to be strings or integers, found type float");
  EXPECT_EQ(message("", Kind::kTensor), "tensor ``: expected an element type, found none");
  std::string deep;
  for (int i = 0; i < 40; ++i) deep = holding(5, field::optional::kOptional, {deep});
  EXPECT_EQ(message(deep, Kind::kOptional),
            "expected values at most 32 deep in one another, found more");
}

TEST(TestData, CutAtEveryByteNeverCrashes) {
  const std::string whole =
      map(static_cast<int>(DType::kString), {}, {"key one", "key two"},
          holding(3, field::sequence::kSequences, {two_tensors(), two_tensors()}));
  ASSERT_TRUE(parse(whole, Kind::kMap).ok());
  int refused = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    for (const Kind kind : {Kind::kTensor, Kind::kSequence, Kind::kMap, Kind::kOptional}) {
      const auto file = parse(std::string_view(whole).substr(0, size), kind);
      if (kind == Kind::kMap) refused += !file.ok() && !file.status().message().empty();
    }
  }
  // A cut after the type of the keys leaves a map without any.
  EXPECT_EQ(refused, static_cast<int>(whole.size()) - 1);
}

}  // namespace
}  // namespace escuta::onnx
