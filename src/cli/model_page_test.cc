#include "cli/model_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/page_text.h"
#include "graph/import.h"

namespace escuta::cli {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const graph::Model> fixture(const std::string& name) {
  auto model =
      graph::load_model(std::filesystem::path(ESCUTA_SOURCE_DIR) / "tests/data/onnx" / name);
  EXPECT_TRUE(model.ok()) << model.status().to_string();
  return model.ok() ? *model : nullptr;
}

TEST(ModelPage, SaysWhatIsInTheModel) {
  const auto model = fixture("subgraphs.onnx");
  const std::string page = render_model_page(*model);
  EXPECT_THAT(page, HasSubstr("producer  escuta-fixtures"));
  EXPECT_THAT(page, HasSubstr("ONNX IR 10, opset ai.onnx 17"));
  EXPECT_THAT(page, HasSubstr("float [2]"));
  EXPECT_THAT(page, HasSubstr("Subgraphs (5)"));
  EXPECT_THAT(page, HasSubstr("then_branch: 1 node"));
  EXPECT_THAT(page, HasSubstr("3  Add"));
}

TEST(ModelPage, CountsParametersAndExternalData) {
  const auto model = fixture("external.onnx");
  const Json json = model_json(*model);
  EXPECT_EQ(json["parameters"]["count"], 4);
  EXPECT_EQ(json["parameters"]["by_type"]["float"]["bytes"], 16);
  EXPECT_EQ(json["external_data"][0]["file"], "external.data");
  EXPECT_EQ(json["external_data"][0]["tensors"], 2);
  EXPECT_EQ(json["operators"]["Add"], 1);
  EXPECT_THAT(render_model_page(*model), HasSubstr("external.data"));
}

TEST(ModelPage, ShowsTypesThatAreNotTensors) {
  const Json json = model_json(*fixture("types.onnx"));
  EXPECT_EQ(json["inputs"][0]["type"], "sequence of float [N, 80, ?]");
  EXPECT_EQ(json["inputs"][4]["shape"], nullptr);
  EXPECT_EQ(json["inputs"][5]["shape"], Json::array());
  EXPECT_EQ(json["inputs"][6]["shape"], Json::parse(R"(["N", 3, "H", "W"])"));
}

TEST(ModelPage, NoLineIsWiderThanThePage) {
  for (const char* name : {"attributes.onnx", "dtypes.onnx", "external.onnx", "functions.onnx",
                           "ir3.onnx", "subgraphs.onnx", "types.onnx"}) {
    std::istringstream page(render_model_page(*fixture(name)));
    for (std::string line; std::getline(page, line);) {
      EXPECT_LE(text_width(line), kPageWidth) << line;
    }
  }
}

}  // namespace
}  // namespace escuta::cli
