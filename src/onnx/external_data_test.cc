#include "onnx/external_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "onnx/test_models.h"

namespace escuta::onnx {
namespace {

namespace fs = std::filesystem;
using testing::fixture;
using ::testing::HasSubstr;

// A model with one float tensor [2] whose bytes are at `place`.
std::string model_bytes(ExternalData place, std::vector<int64_t> dims = {2}) {
  Model model = testing::small_model();
  model.graph.initializers[0].external = std::move(place);
  model.graph.initializers[0].dims = std::move(dims);
  return serialize_model(model).value();
}

std::string read_message(const fs::path& path) {
  const auto model = read_model(path);
  return model.ok() ? "OK" : model.status().to_string();
}

TEST(ExternalData, IsMappedOnceAndNotCopied) {
  const auto model = read_model(fixture("external.onnx"));
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  const auto& [a, b] = std::tie(model->graph.initializers[0], model->graph.initializers[1]);
  EXPECT_EQ(b.bytes.data() - a.bytes.data(), 4096);
  EXPECT_EQ(reinterpret_cast<const float*>(b.bytes.data())[1], 4.0f);
  EXPECT_EQ(model->keep_alive.size(), 2u);  // the model's file, the data's file
}

TEST(ExternalData, MayBeLeftWhereItIs) {
  const TemporaryFolder folder;
  ReadOptions options;
  options.load_external_data = false;
  const auto model =
      read_model(folder.write("m.onnx", model_bytes({"absent.data", 64, 8})), options);
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  EXPECT_TRUE(model->graph.initializers[0].bytes.empty());
  EXPECT_EQ(model->graph.initializers[0].external->offset, 64u);
}

TEST(ExternalData, MissingOrShortIsDataLoss) {
  const TemporaryFolder folder;
  folder.write("short.data", "1234567");
  EXPECT_THAT(read_message(folder.write("m.onnx", model_bytes({"none.data", 0, 8}))),
              AllOf(HasSubstr("DATA_LOSS"), HasSubstr("none.data` beside the model, found none")));
  EXPECT_THAT(
      read_message(folder.write("m.onnx", model_bytes({"short.data", 0, 8}))),
      AllOf(HasSubstr("DATA_LOSS"), HasSubstr("expected 8 bytes at offset 0, but the file has 7")));
  EXPECT_THAT(read_message(folder.write("m.onnx", model_bytes({"short.data", UINT64_MAX, 8}))),
              HasSubstr("DATA_LOSS"));
  EXPECT_THAT(read_message(folder.write("m.onnx", model_bytes({"short.data", 0, 4}))),
              HasSubstr("expected a length of 8 bytes, found 4"));
  // 2^31 elements that claim a length to match.
  EXPECT_THAT(read_message(folder.write(
                  "m.onnx", model_bytes({"short.data", 0, uint64_t{4} << 31}, {int64_t{1} << 31}))),
              HasSubstr("expected 8589934592 bytes at offset 0, but the file has 7"));
}

TEST(ExternalData, StaysInsideTheFolder) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "model");
  folder.write("secret", "12345678");
  const auto refused = [&](const std::string& location) {
    const fs::path path = folder.path() / "model/m.onnx";
    EXPECT_TRUE(write_file(path, model_bytes({location, 0, 8})).ok());
    return read_message(path);
  };
  EXPECT_THAT(refused("../../etc/passwd"),
              AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("found one with `..`")));
  EXPECT_THAT(refused("a/../../secret"), HasSubstr("found one with `..`"));
  EXPECT_THAT(refused("/etc/passwd"), HasSubstr("found an absolute path"));
  EXPECT_THAT(refused(""), HasSubstr("found an empty one"));
  EXPECT_THAT(refused(std::string("a\0b", 3)), HasSubstr("found one with a zero byte"));
  EXPECT_THAT(refused("."), HasSubstr("found a directory"));
  fs::create_symlink(folder.path() / "secret", folder.path() / "model/link");
  EXPECT_THAT(refused("link"), AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("found a link to")));
  fs::create_directory_symlink(folder.path(), folder.path() / "model/out");
  EXPECT_THAT(refused("out/secret"), HasSubstr("found a link to"));
  fs::create_symlink("loop", folder.path() / "model/loop");
  EXPECT_THAT(refused("loop"), HasSubstr("DATA_LOSS"));
  // A folder whose name begins with the model folder's is another folder.
  fs::create_directory(folder.path() / "model2");
  folder.write("model2/data", "12345678");
  fs::create_symlink(folder.path() / "model2/data", folder.path() / "model/near");
  EXPECT_THAT(refused("near"), HasSubstr("found a link to"));
}

TEST(ExternalData, MayBeInASubfolderOrALinkWithinTheFolder) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "weights");
  folder.write("weights/w.data", "12345678");
  EXPECT_EQ(read_message(folder.write("m.onnx", model_bytes({"weights/w.data", 0, 8}))), "OK");
  fs::create_symlink("weights/w.data", folder.path() / "w.data");
  EXPECT_EQ(read_message(folder.write("m.onnx", model_bytes({"w.data", 0, 8}))), "OK");
}

// Hugging Face's cache: snapshots/<revision>/* are links into blobs/.
TEST(ExternalData, AModelThatIsALinkMayHaveItsDataWhereTheLinkLeads) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "blobs");
  fs::create_directories(folder.path() / "snapshots/main");
  folder.write("blobs/1", model_bytes({"m.onnx_data", 0, 8}));
  folder.write("blobs/2", "12345678");
  fs::create_symlink("../../blobs/1", folder.path() / "snapshots/main/m.onnx");
  fs::create_symlink("../../blobs/2", folder.path() / "snapshots/main/m.onnx_data");
  EXPECT_EQ(read_message(folder.path() / "snapshots/main/m.onnx"), "OK");
}

TEST(ExternalData, IsRefusedForAModelWithoutAFolder) {
  const auto model = testing::parse_text(model_bytes({"w.data", 0, 8}));
  EXPECT_THAT(model.status().message(), HasSubstr("without a folder"));
}

TEST(ExternalData, NumbersMustBeNumbers) {
  std::string bytes = model_bytes({"w.data", 7777, 8});
  bytes.replace(bytes.find("7777"), 4, "0x77");
  EXPECT_THAT(testing::parse_text(bytes).status().message(),
              HasSubstr("expected `offset` to be a number, found `0x77`"));
}

// A sparse file: 3 GB to see, nothing on disk.
TEST(ExternalData, FilesOverTwoGigabytesAreMapped) {
  const TemporaryFolder folder;
  constexpr uint64_t kSize = uint64_t{3} << 30;
  folder.write("big.data", "");
  fs::resize_file(folder.path() / "big.data", kSize);
  ASSERT_EQ(read_message(folder.write(
                "m.onnx", model_bytes({"big.data", 0, kSize}, {static_cast<int64_t>(kSize / 4)}))),
            "OK");
  const auto last = read_model(folder.write("m.onnx", model_bytes({"big.data", kSize - 8, 8})));
  ASSERT_TRUE(last.ok()) << last.status().to_string();
  EXPECT_EQ(last->graph.initializers[0].bytes.size(), 8u);
  EXPECT_EQ(last->graph.initializers[0].bytes[7], std::byte{0});
}

// A hundred tensors that all mean the same misaligned gigabytes must not be copied a hundred times.
TEST(ExternalData, CopiesForAlignmentAreBounded) {
  const TemporaryFolder folder;
  constexpr uint64_t kSize = uint64_t{64} << 20;
  folder.write("big.data", "");
  fs::resize_file(folder.path() / "big.data", kSize + 4);
  Model model = testing::small_model();
  const TensorDef one = model.graph.initializers[0];
  for (int i = 0; i < 100; ++i) {
    TensorDef& tensor = model.graph.initializers.emplace_back(one);
    tensor.name = fmt::format("t{}", i);
    tensor.external = {"big.data", 1, kSize};
    tensor.dims = {static_cast<int64_t>(kSize / 4)};
  }
  const fs::path path = folder.write("m.onnx", serialize_model(model).value());
  EXPECT_EQ(read_model(path).status().code(), StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace escuta::onnx
