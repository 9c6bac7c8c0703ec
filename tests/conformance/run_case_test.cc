// A harness that passes what it should not would make every count worthless: outputs on file, right
// and wrong, through the whole way from a case's folder to the verdict.
#include "run_case.h"

#include <gmock/gmock.h>

#include <fstream>
#include <protozero/pbf_writer.hpp>

#include "base/temporary_folder.h"
#include "case_list.h"
#include "onnx/fields.h"
#include "onnx/test_models.h"

namespace escuta::conformance {
namespace {

namespace fs = std::filesystem;
namespace field = onnx::field;
using ::testing::HasSubstr;

std::string tensor(const std::vector<float>& values) {
  std::string bytes;
  protozero::pbf_writer m(bytes);
  m.add_int64(field::tensor::kDims, static_cast<int64_t>(values.size()));
  m.add_int32(field::tensor::kDataType, static_cast<int>(DType::kFloat));
  m.add_packed_float(field::tensor::kFloatData, values.begin(), values.end());
  return bytes;
}

// A case of onnx/test_models.h's small model (x, w with a default -> y), and another engine's
// outputs for it.
class RunCase : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string model = onnx::serialize_model(onnx::testing::small_model()).value();
    write("suite/test_small/model.onnx", model);
    for (const char* set : {"test_data_set_0", "test_data_set_1"}) {
      write(fs::path("suite/test_small") / set / "input_0.pb", tensor({1, 2}));
      write(fs::path("suite/test_small") / set / "output_0.pb", tensor({-1, 4}));
      write(fs::path("outputs/test_small") / set / "output_0.pb", tensor({-1, 4.0001f}));
    }
  }
  void write(const fs::path& name, std::string_view bytes) {
    fs::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name, std::ios::binary) << bytes;
  }
  Status run() {
    RunOptions options;
    options.outputs = folder_.path() / "outputs";
    return run_case({}, folder_.path() / "suite/test_small", options);
  }
  TemporaryFolder folder_;
};

TEST_F(RunCase, RightOutputsPass) { EXPECT_EQ(run().to_string(), "OK"); }

TEST_F(RunCase, AWrongOutputOfAnyDataSetFails) {
  write("outputs/test_small/test_data_set_1/output_0.pb", tensor({-1, 4.25f}));
  EXPECT_THAT(run().to_string(), HasSubstr("output 0 `y`: [1]: expected 4, found 4.25"));
}

TEST_F(RunCase, AMissingOutputFails) {
  fs::remove(folder_.path() / "outputs/test_small/test_data_set_0/output_0.pb");
  EXPECT_EQ(run().code(), StatusCode::kNotFound);
}

TEST_F(RunCase, TheReasonForNoOutputsIsTheVerdict) {
  write("outputs/test_small/error.txt", "no kernel for Mul");
  EXPECT_EQ(run().message(), "no kernel for Mul");
}

TEST_F(RunCase, ACaseWithoutDataFails) {
  fs::remove_all(folder_.path() / "suite/test_small/test_data_set_0");
  fs::remove_all(folder_.path() / "suite/test_small/test_data_set_1");
  EXPECT_EQ(run().message(), "expected data sets in the case's folder, found none");
}

TEST_F(RunCase, WithoutOutputsOnFileTheEngineRuns) {
  RunOptions options;
  options.session.providers = {"none of that name"};
  EXPECT_THAT(run_case({}, folder_.path() / "suite/test_small", options).to_string(),
              HasSubstr("none of that name"));
}

TEST_F(RunCase, CasesAreFoundByTheirModels) {
  write("suite/notes.txt", "no case");
  const fs::path suite = folder_.path() / "suite";
  EXPECT_EQ(find_cases(suite).value(), std::vector{suite / "test_small"});
  EXPECT_EQ(find_cases(suite / "test_small").value(), std::vector{suite / "test_small"});
  EXPECT_EQ(find_cases(folder_.path() / "outputs").status().code(), StatusCode::kNotFound);
}

TEST_F(RunCase, ListsAreSorted) {
  const fs::path path = folder_.path() / "list.txt";
  ASSERT_TRUE(write_names(path, {"b", "a"}).ok());
  EXPECT_EQ(read_names(path).value(), (std::set<std::string>{"a", "b"}));
  write("list.txt", "b\na\n");
  EXPECT_THAT(read_names(path).status().to_string(), HasSubstr("found `b` before `a`"));
  write("list.txt", "a why not\nb\n");
  EXPECT_THAT(read_reasons(path).status().to_string(), HasSubstr("a name and a reason, found `b`"));
}

}  // namespace
}  // namespace escuta::conformance
