#include "convert/ctranslate2.h"

#include <gmock/gmock.h>

#include "convert/test_checkpoint.h"

namespace escuta::convert {
namespace {

using ::testing::AllOf;
using testing::Checkpoint;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Result<Ct2File> parse(const std::string& bytes) {
  // On the heap at its exact size, so that the address sanitizer sees a byte read too many.
  auto copy = std::make_shared<std::vector<char>>(bytes.begin(), bytes.end());
  return Ct2File::parse(std::as_bytes(std::span(*copy)), "model.bin", copy);
}

Checkpoint small() {
  Checkpoint c;
  c.variables["a"] = testing::float_variable({2, 3}, {0, 1, 2, 3, 4, 5});
  c.variables["heads"] = testing::int16_scalar(6);
  c.aliases = {{"b", "a"}};
  return c;
}

TEST(Ct2File, ReadsEveryVersion) {
  for (uint32_t version = 1; version <= 6; ++version) {
    Checkpoint c = small();
    c.version = version;
    const auto file = parse(c.serialize());
    ASSERT_TRUE(file.ok()) << file.status().to_string();
    EXPECT_EQ(file->version(), version);
    EXPECT_EQ(file->spec(), version >= 2 ? "WhisperSpec" : "");
    EXPECT_EQ(file->revision(), version >= 2 ? 3U : 1U);
    const Ct2Variable* const a = file->find("a");
    ASSERT_NE(a, nullptr);
    EXPECT_EQ(a->shape, (Shape{2, 3}));
    EXPECT_EQ(a->dtype, DType::kFloat);
    float last;
    std::memcpy(&last, a->bytes.data() + 20, sizeof(last));
    EXPECT_EQ(last, 5);
    EXPECT_EQ(file->find("heads")->dtype, DType::kInt16);
    EXPECT_EQ(file->find("b"), version >= 3 ? a : nullptr);
    EXPECT_EQ(file->find("c"), nullptr);
  }
}

TEST(Ct2File, AliasStandsForTheScaleToo) {
  Checkpoint c = small();
  c.variables["a_scale"] = testing::float_variable({2}, {1, 2});
  const auto file = parse(c.serialize());
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  EXPECT_EQ(file->find("b_scale"), file->find("a_scale"));
}

TEST(Ct2File, RefusesEveryTruncation) {
  const std::string whole = testing::whisper_checkpoint({.d_model = 4, .vocab = 9}).serialize();
  ASSERT_TRUE(parse(whole).ok());
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto file = parse(whole.substr(0, size));
    ASSERT_FALSE(file.ok()) << size;
    ASSERT_EQ(file.status().code(), StatusCode::kDataLoss) << file.status().to_string();
  }
  EXPECT_THAT(std::string(parse(whole.substr(0, 100)).status().message()),
              AllOf(StartsWith("model.bin: expected"), HasSubstr("at byte"), HasSubstr("cut off")));
}

TEST(Ct2File, RefusesForeignFiles) {
  for (const std::string& bytes :
       {std::string("{\"model_type\": \"whisper\"}"), std::string("\x08\x08\x12\x07pytorch", 11),
        std::string(1000, '\0'), std::string(1000, '\xff'), std::string("PK\3\4") + "zip"}) {
    const auto file = parse(bytes);
    ASSERT_FALSE(file.ok());
    EXPECT_EQ(file.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(file.status().message()),
                HasSubstr("expected a CTranslate2 model with format version 1 to 6 at byte 0"));
  }
}

void expect_refused(const Checkpoint& checkpoint, const std::string& message) {
  const auto file = parse(checkpoint.serialize());
  ASSERT_FALSE(file.ok()) << message;
  EXPECT_THAT(std::string(file.status().message()), HasSubstr(message));
}

TEST(Ct2File, RefusesWhatContradictsItself) {
  Checkpoint c = small();
  c.version = 7;
  expect_refused(c, "found 7");

  c = small();
  c.variables["a"].bytes.pop_back();
  expect_refused(c, "expected 24 bytes for a of float [2, 3]");

  c = small();
  c.variables["a"].type = 3;
  EXPECT_TRUE(parse(c.serialize()).ok());
  c.variables["a"].dims = {0xffffffff, 0xffffffff, 0xffffffff};
  expect_refused(c, "a: ");
  c.variables["a"].dims = std::vector<uint32_t>(17, 1);
  expect_refused(c, "expected at most 16 dimensions");

  c = small();
  c.aliases = {{"b", "missing"}};
  expect_refused(c, "expected alias b at byte");

  EXPECT_THAT(std::string(parse(small().serialize() + "x").status().message()),
              HasSubstr("found 1 more bytes"));
}

TEST(Ct2File, RefusesACountThatTheFileCannotHold) {
  Checkpoint c;
  c.aliases.clear();
  std::string bytes = c.serialize();  // ... variables u32, aliases u32
  const uint32_t count = 0xffffffff;
  std::memcpy(bytes.data() + bytes.size() - 8, &count, sizeof(count));
  EXPECT_THAT(std::string(parse(bytes).status().message()),
              HasSubstr("expected a number of variables up to"));
}

TEST(Ct2File, OpenNamesThePath) {
  EXPECT_EQ(Ct2File::open("no/such/model.bin").status().code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(Ct2File::open(".").status().message()), HasSubstr("directory"));
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / "ct2_text.bin";
  ASSERT_TRUE(write_file(path, "this is text").ok());
  EXPECT_THAT(std::string(Ct2File::open(path).status().message()), StartsWith(path.string()));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace escuta::convert
