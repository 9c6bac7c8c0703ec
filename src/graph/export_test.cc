#include "graph/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/import.h"
#include "onnx/test_models.h"

namespace escuta::graph {
namespace {

// The onnx package compares with the originals in tests/golden/onnx; here: a second round changes
// nothing, so neither direction loses what it keeps.
TEST(Export, IsWhatImportTook) {
  for (const char* name : {"attributes.onnx", "dtypes.onnx", "external.onnx", "functions.onnx",
                           "ir3.onnx", "subgraphs.onnx", "types.onnx"}) {
    const auto first = load_model(onnx::testing::fixture(name));
    ASSERT_TRUE(first.ok()) << first.status().to_string();
    const auto once = onnx::serialize_model(export_model(**first));
    ASSERT_TRUE(once.ok());
    const auto owner = std::make_shared<const std::string>(*once);
    auto parsed = onnx::parse_model(onnx::testing::bytes_of(*owner),
                                    onnx::testing::fixture(name).parent_path(), owner);
    ASSERT_TRUE(parsed.ok()) << name << ": " << parsed.status().to_string();
    const auto second = import_model(*std::move(parsed));
    ASSERT_TRUE(second.ok()) << name << ": " << second.status().to_string();
    EXPECT_EQ(onnx::serialize_model(export_model(*second)).value(), *once) << name;
  }
}

TEST(Export, KeepsTheBytesAlive) {
  onnx::Model exported;
  {
    const auto model = load_model(onnx::testing::fixture("dtypes.onnx"));
    ASSERT_TRUE(model.ok());
    exported = export_model(**model);
  }
  EXPECT_TRUE(onnx::serialize_model(exported).ok());  // reads every tensor
}

TEST(Export, CapturedConstantsStayOutside) {
  onnx::Model def = onnx::testing::small_model();
  onnx::GraphDef branch;
  branch.nodes = {onnx::testing::node("Neg", {"w"}, {"inner"})};
  branch.outputs = {onnx::testing::value("inner")};
  def.graph.nodes[1] = onnx::testing::node("If", {"m"}, {"y"});
  def.graph.nodes[1].attributes = {onnx::testing::graph_attribute("then_branch", branch)};
  const auto model = import_model(std::move(def));
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  const onnx::Model exported = export_model(*model);
  EXPECT_EQ(exported.graph.initializers.size(), 1u);
  EXPECT_TRUE(exported.graph.nodes[1].attributes[0].graphs[0]->initializers.empty());
}

}  // namespace
}  // namespace escuta::graph
