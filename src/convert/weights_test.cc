#include "convert/weights.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "convert/test_checkpoint.h"

namespace escuta::convert {
namespace {

using testing::Checkpoint;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Variable;

Ct2File parse(const Checkpoint& checkpoint) {
  auto bytes = std::make_shared<std::string>(checkpoint.serialize());
  auto file = Ct2File::parse(std::as_bytes(std::span(*bytes)), "model.bin", bytes);
  EXPECT_TRUE(file.ok()) << file.status().to_string();
  return *std::move(file);
}

template <typename T>
Variable variable(std::vector<uint32_t> dims, uint8_t type, std::vector<T> values) {
  Variable v{std::move(dims), type, std::string(values.size() * sizeof(T), '\0')};
  std::memcpy(v.bytes.data(), values.data(), v.bytes.size());
  return v;
}

Checkpoint one(Variable w) {
  Checkpoint c;
  c.variables["w"] = std::move(w);
  c.aliases.clear();
  return c;
}

std::vector<float> floats(const Checkpoint& checkpoint, const Weight& weight) {
  const auto bytes = convert_weight(parse(checkpoint), weight, DType::kFloat);
  EXPECT_TRUE(bytes.ok()) << bytes.status().to_string();
  std::vector<float> values(bytes.ok() ? bytes->size() / sizeof(float) : 0);
  if (bytes.ok()) std::memcpy(values.data(), bytes->data(), bytes->size());
  return values;
}

TEST(Weight, TakesRowsScalesAndTransposes) {
  const Checkpoint c = one(testing::float_variable({3, 2}, {1, 2, 3, 4, 5, 6}));
  EXPECT_THAT(floats(c, {"w", {3, 2}}), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(floats(c, {"w", {3, 2}, 1}), ElementsAre(3, 4, 5, 6));
  EXPECT_THAT(floats(c, {"w", {3, 2}, 0, 0, true}), ElementsAre(1, 3, 5, 2, 4, 6));
  const Weight weight{"w", {3, 2}, 1, 2, true, 0.5F};
  EXPECT_THAT(floats(c, weight), ElementsAre(1.5F, 2.5F, 2, 3));
  EXPECT_THAT(weight.dims(), ElementsAre(2, 2));
}

TEST(Weight, TransposesSizesThatAreNoMultipleOfTheTile) {
  constexpr uint32_t kRows = 75, kColumns = 33;
  std::vector<float> values(kRows * kColumns);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const auto result = floats(one(testing::float_variable({kRows, kColumns}, values)),
                             {"w", {kRows, kColumns}, 0, 0, true});
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t c = 0; c < kColumns; ++c) {
      ASSERT_EQ(result[c * kRows + r], values[r * kColumns + c]) << r << ' ' << c;
    }
  }
}

TEST(Weight, ReadsEveryType) {
  const Weight whole{"w", {2, 2}};
  EXPECT_THAT(floats(one(variable<uint16_t>({2, 2}, 4, {0x3c00, 0xc000, 0x0001, 0})), whole),
              ElementsAre(1, -2, 0x1p-24F, 0));
  EXPECT_THAT(floats(one(variable<uint16_t>({2, 2}, 5, {0x3f80, 0xc000, 0x4049, 0})), whole),
              ElementsAre(1, -2, 3.140625F, 0));
  // q = x * scale, per row (model_spec.py, _quantize).
  Checkpoint c = one(variable<int8_t>({2, 2}, 1, {127, -127, 10, 0}));
  c.variables["w_scale"] = testing::float_variable({2}, {127, 4});
  EXPECT_THAT(floats(c, whole), ElementsAre(1, -1, 2.5F, 0));
  c = one(variable<int16_t>({2, 2}, 2, {1024, -512, 2048, 0}));
  c.variables["w_scale"] = testing::float_variable({}, {1024});
  EXPECT_THAT(floats(c, whole), ElementsAre(1, -0.5F, 2, 0));
}

TEST(Weight, RoundsToHalf) {
  const Ct2File file = parse(one(testing::float_variable({2}, {1, 1.0F + 0x1p-11F * 1.5F})));
  const auto bytes = convert_weight(file, {"w", {2}}, DType::kFloat16);
  ASSERT_TRUE(bytes.ok());
  std::vector<uint16_t> halves(2);
  std::memcpy(halves.data(), bytes->data(), 4);
  EXPECT_THAT(halves, ElementsAre(0x3c00, 0x3c01));
}

TEST(Weight, RefusesWhatTheTypeCannotHold) {
  const Ct2File large = parse(one(testing::float_variable({2}, {1, 70000})));
  EXPECT_TRUE(convert_weight(large, {"w", {2}}, DType::kFloat).ok());
  EXPECT_THAT(std::string(convert_weight(large, {"w", {2}}, DType::kFloat16).status().message()),
              HasSubstr("w: expected finite values up to 65504"));
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    const Ct2File file = parse(one(testing::float_variable({2}, {bad, 1})));
    EXPECT_FALSE(convert_weight(file, {"w", {2}}, DType::kFloat).ok());
  }
}

Status check(const Checkpoint& checkpoint, Weight weight) {
  InitializerPool pool(DType::kFloat);
  pool.add_weight("x", std::move(weight));
  return pool.check(parse(checkpoint));
}

TEST(InitializerPool, ComparesWithTheCheckpoint) {
  const Checkpoint c = one(testing::float_variable({3, 2}, {1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(check(c, {"w", {3, 2}}).ok());
  EXPECT_EQ(check(c, {"v", {3, 2}}).code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(check(c, {"w", {2, 3}}).message()),
              HasSubstr("model.bin: expected w of shape [2, 3], found [3, 2]"));
  EXPECT_THAT(std::string(check(one(variable<int32_t>({1}, 3, {1})), {"w", {1}}).message()),
              HasSubstr("found int32"));
}

TEST(InitializerPool, WantsAScaleForQuantizedWeights) {
  Checkpoint c = one(variable<int8_t>({2, 1}, 1, {1, 2}));
  EXPECT_THAT(std::string(check(c, {"w", {2, 1}}).message()),
              HasSubstr("expected a variable w_scale for int8 w"));
  c.variables["w_scale"] = testing::float_variable({3}, {1, 1, 1});
  EXPECT_THAT(std::string(check(c, {"w", {2, 1}}).message()),
              HasSubstr("expected w_scale as one float or 2"));
  c.variables["w_scale"] = testing::float_variable({2}, {1, 1});
  EXPECT_TRUE(check(c, {"w", {2, 1}}).ok());
}

TEST(InitializerPool, PutsSmallTensorsInTheGraphAndLargeOnesBeside) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / "pool";
  std::filesystem::create_directories(folder);
  const Ct2File file = parse(one(testing::float_variable({300}, std::vector<float>(300, 7))));
  InitializerPool pool(DType::kFloat);
  pool.add_weight("large", {"w", {300}});
  pool.add_weight("large", {"w", {300}, 1});  // stays what it was
  pool.add_weight("small", {"w", {300}, 0, 2});
  const float half = 0.5F;
  pool.add_floats("half", {}, std::span(&half, 1));
  auto data = onnx::ExternalDataWriter::create(folder, "w.onnx_data");
  ASSERT_TRUE(data.ok());
  ASSERT_TRUE(pool.write(file, *data).ok());
  ASSERT_TRUE(data->commit().ok());
  const std::string names[] = {"small", "large", "half"};
  const auto tensors = pool.tensors(names);
  ASSERT_EQ(tensors.size(), 3U);
  EXPECT_FALSE(tensors[0].external.has_value());
  EXPECT_EQ(tensors[0].bytes.size(), 8U);
  ASSERT_TRUE(tensors[1].external.has_value());
  EXPECT_EQ(tensors[1].external->length, 1200U);
  EXPECT_THAT(tensors[1].dims, ElementsAre(300));
  EXPECT_TRUE(tensors[2].dims.empty());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace escuta::convert
