#include "onnx/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "onnx/test_models.h"

namespace escuta::onnx {
namespace {

using testing::fixture;
using ::testing::HasSubstr;
using testing::parse_text;

// The onnx package judges what we write in tests/golden/onnx; here: nothing gets lost on the way
// from the reader through the writer and back.
TEST(Writer, WritesWhatWasRead) {
  for (const char* name : {"attributes.onnx", "dtypes.onnx", "external.onnx", "functions.onnx",
                           "ir3.onnx", "subgraphs.onnx", "types.onnx"}) {
    const auto first = read_model(fixture(name));
    ASSERT_TRUE(first.ok()) << first.status().to_string();
    const auto bytes = serialize_model(*first);
    ASSERT_TRUE(bytes.ok());
    const auto owner = std::make_shared<const std::string>(*bytes);
    const auto second = parse_model(testing::bytes_of(*owner), fixture(name).parent_path(), owner);
    ASSERT_TRUE(second.ok()) << name << ": " << second.status().to_string();
    EXPECT_EQ(serialize_model(*second).value(), *bytes) << name;
  }
}

TEST(Writer, KeepsDimensionsThatSayNothing) {
  Model model = testing::small_model();
  model.graph.inputs[0].type.shape = {DimDef(), DimDef(int64_t{0}), DimDef("N"), DimDef()};
  const auto back = parse_text(serialize_model(model).value());
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->graph.inputs[0].type.shape, model.graph.inputs[0].type.shape);
  model.graph.inputs[0].type.shape.emplace();  // a scalar
  EXPECT_EQ(parse_text(serialize_model(model).value())->graph.inputs[0].type.shape->size(), 0u);
  model.graph.inputs[0].type.shape.reset();  // not even the rank
  EXPECT_FALSE(parse_text(serialize_model(model).value())->graph.inputs[0].type.shape);
}

TEST(Writer, PutsExternalTensorsOnPageBoundaries) {
  const TemporaryFolder folder;
  Model model = testing::small_model();
  auto writer = ExternalDataWriter::create(folder.path(), "w.data");
  ASSERT_TRUE(writer.ok());
  TensorDef other = model.graph.initializers[0];
  other.name = "other";
  model.graph.initializers.push_back(other);
  for (TensorDef& tensor : model.graph.initializers) {
    auto place = writer->append(tensor.bytes);
    ASSERT_TRUE(place.ok());
    tensor.external = *place;
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "w.data"));
  ASSERT_TRUE(writer->commit().ok());
  ASSERT_TRUE(write_model(model, folder.path() / "m.onnx").ok());
  const auto back = read_model(folder.path() / "m.onnx");
  ASSERT_TRUE(back.ok()) << back.status().to_string();
  EXPECT_EQ(back->graph.initializers[1].external->offset, 4096u);
  EXPECT_TRUE(std::ranges::equal(back->graph.initializers[1].bytes, other.bytes));
}

TEST(Writer, ExternalDataGoesBesideTheModelOnly) {
  for (const char* location : {"", "..", "../w", "a/b", "/etc/w"}) {
    EXPECT_FALSE(ExternalDataWriter::create(".", location).ok()) << location;
  }
}

TEST(Writer, RefusesWhatDoesNotFitAFile) {
  // 3 GiB of address space, of which nothing is ever touched.
  const TemporaryFolder folder;
  constexpr uint64_t kSize = uint64_t{3} << 30;
  std::filesystem::resize_file(folder.write("big", ""), kSize);
  const auto big = MappedFile::open(folder.path() / "big");
  ASSERT_TRUE(big.ok());
  Model model = testing::small_model();
  model.graph.initializers[0].dims = {static_cast<int64_t>(kSize / 4)};
  model.graph.initializers[0].bytes = (*big)->bytes();
  const auto refused = serialize_model(model);
  EXPECT_EQ(refused.status().code(), StatusCode::kOutOfRange);
  EXPECT_THAT(refused.status().message(), HasSubstr("external data"));
}

}  // namespace
}  // namespace escuta::onnx
