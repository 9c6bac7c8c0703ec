#include "providers/ort/library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "providers/ort/plugins.h"
#include "providers/ort/provider.h"

namespace escuta::ort {
namespace {

using ::testing::HasSubstr;

// Sets ESCUTA_ORT_LIBRARY for as long as it lives.
class ChosenLibrary {
 public:
  explicit ChosenLibrary(const std::string& path) {
    const char* before = std::getenv(kVariable);
    if (before != nullptr) before_ = before;
    ::setenv(kVariable, path.c_str(), 1);
  }
  ~ChosenLibrary() {
    if (before_.empty()) {
      ::unsetenv(kVariable);
    } else {
      ::setenv(kVariable, before_.c_str(), 1);
    }
  }

 private:
  static constexpr const char* kVariable = "ESCUTA_ORT_LIBRARY";
  std::string before_;
};

std::string open_error(const std::string& path) {
  const ChosenLibrary chosen(path);
  const Status status = Library::open().status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  return std::string(status.message());
}

TEST(OrtLibrary, SaysWhatIsMissingAndHowToGetIt) {
  const std::string message = open_error("/nowhere/libonnxruntime.so.1");
  EXPECT_THAT(message, HasSubstr("ESCUTA_ORT_LIBRARY=/nowhere/libonnxruntime.so.1"));
  EXPECT_THAT(message, HasSubstr("No such file"));
  EXPECT_THAT(message, HasSubstr("pip install onnxruntime"));
}

TEST(OrtLibrary, RefusesOtherFiles) {
  EXPECT_THAT(open_error(std::string(ESCUTA_SOURCE_DIR) + "/CMakeLists.txt"),
              HasSubstr("invalid ELF header"));
  EXPECT_THAT(open_error("libm.so.6"), HasSubstr("libm.so.6 is not ONNX Runtime"));
}

TEST(OrtLibrary, RefusesAnOldVersion) {
  const std::string message = open_error(ESCUTA_OLD_LIBRARY);
  EXPECT_THAT(message, HasSubstr("expected ONNX Runtime 1.17 or later"));
  EXPECT_THAT(message, HasSubstr("is version 1.10.0"));
}

TEST(OrtLibrary, AbsentMeansAProviderThatSaysWhy) {
  const ChosenLibrary chosen("/nowhere/libonnxruntime.so.1");
  engine::Registry registry;
  ASSERT_TRUE(add_providers(registry, {{"npu=/nowhere/libnpu.so"}}).ok());
  ASSERT_EQ(registry.providers().size(), 2u);
  for (const auto& provider : registry.providers()) {
    EXPECT_FALSE(provider->availability().available);
    EXPECT_THAT(provider->availability().reason, HasSubstr("/nowhere/libonnxruntime.so.1"));
    const Status status = provider->compile(nullptr, {}).status();
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  }
  EXPECT_EQ(registry.providers()[1]->name(), "ort:npu");
}

TEST(OrtLibrary, OpensTheOneThatIsThere) {
  const auto library = Library::open();
  if (!library.ok()) GTEST_SKIP() << library.status().message();
  EXPECT_GE(minor_version((*library)->version()), kOldestApi);
  EXPECT_LE((*library)->api_version(), kNewestApi);
  EXPECT_THAT((*library)->built_in_providers(), ::testing::Contains("CPUExecutionProvider"));
  if ((*library)->api_version() < 22) return;
  EXPECT_THAT(std::string((*library)->register_plugin("x", "/nowhere/libx.so").message()),
              HasSubstr("/nowhere/libx.so"));
}

TEST(OrtMessages, LoseTheirSourceLocations) {
  EXPECT_EQ(readable_message(
                "Non-zero status code returned while running MatMul node. Name:'m' Status Message: "
                "/onnxruntime_src/onnxruntime/core/providers/cpu/math/matmul_helper.h:142 "
                "onnxruntime::common::Status onnxruntime::MatMulComputeHelper::Compute(const "
                "onnxruntime::TensorShape&, const onnxruntime::TensorShape&, bool, bool, bool, "
                "bool) left operand cannot broadcast on dim 1\n\tLeft shape: {2,3}\n"),
            "Non-zero status code returned while running MatMul node. Name:'m' Status Message: "
            "left operand cannot broadcast on dim 1 Left shape: {2,3}");
  EXPECT_EQ(readable_message("/onnxruntime_src/a/b.cc:1 void onnxruntime::F(X<T>) const [with T = "
                             "float] text"),
            "text");
  EXPECT_EQ(readable_message("a\n\nb\t c "), "a b c");
  EXPECT_EQ(readable_message("In x: [ONNXRuntimeError] : 1 : FAIL : no device"), "In x: no device");
  EXPECT_EQ(readable_message("[ONNXRuntimeError] : 1"), "");
  EXPECT_EQ(readable_message("at /onnxruntime_src/a.cc:7"), "at ");
  EXPECT_EQ(readable_message("/onnxruntime_src/a.cc:7 f::g(unbalanced"), "f::g(unbalanced");
  EXPECT_EQ(readable_message(""), "");
}

TEST(OrtMessages, Versions) {
  EXPECT_EQ(minor_version("1.31.1"), 31u);
  EXPECT_EQ(minor_version("1.4"), 4u);
  EXPECT_EQ(minor_version("2.0"), 0u);
  EXPECT_EQ(minor_version("21.5"), 0u);
  EXPECT_EQ(minor_version(""), 0u);
}

TEST(OrtPlugins, ParsesNamesAndPaths) {
  const std::string entries[] = {"openvino=/a/b.so", "qnn=c=d.so"};
  const auto plugins = parse_plugins(entries, "qnn=/other.so::npu=/n.so").value();
  ASSERT_EQ(plugins.size(), 3u);
  EXPECT_EQ(plugins[0].name, "openvino");
  EXPECT_EQ(plugins[1].path, "c=d.so");  // what was typed is before the environment
  EXPECT_EQ(plugins[2].name, "npu");
  EXPECT_TRUE(parse_plugins({}, "").value().empty());
  for (const std::string bad : {"", "=x", "a=", "a", "A=x", "a b=x"}) {
    EXPECT_EQ(parse_plugins({&bad, 1}, "").status().code(), StatusCode::kInvalidArgument) << bad;
  }
  EXPECT_THAT(std::string(parse_plugins({}, "a=1:a=2").status().message()),
              HasSubstr("ESCUTA_ORT_PLUGINS: plugin provider: expected each name once"));
}

}  // namespace
}  // namespace escuta::ort
