// Resize: what ONNX's cases leave open.
#include <gmock/gmock.h>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using ::testing::ElementsAre;

// As ONNX Runtime 1.31.1 has it: along axes that shrink the element above, along others that below.
TEST(Resize, NearestOfVersion10RoundsUpOnlyAlongAxesThatShrink) {
  TestNode node("", "Resize", 10, 2);
  const std::vector<float> image = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const std::vector<float> scales = {0.75f, 1.5f};
  const auto result =
      node.run({Datum::of<float>({4, 3}, image).value(), Datum::of<float>({2}, scales).value()});
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_EQ((*result)[0].shape(), Shape({3, 4}));
  EXPECT_THAT((*result)[0].as<float>(), ElementsAre(1, 1, 2, 3, 7, 7, 8, 9, 10, 10, 11, 12));
}

}  // namespace
}  // namespace escuta::ops
