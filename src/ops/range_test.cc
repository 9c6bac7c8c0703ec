// Range with ends that make no range.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using testing::ElementsAre;

template <typename T>
Result<std::vector<Datum>> range(T start, T limit, T delta) {
  return TestNode("", "Range", 11, 3)
      .run({tensor<T>({}, {start}), tensor<T>({}, {limit}), tensor<T>({}, {delta})});
}

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(Range, ReachesTheEndsOfIntegers) {
  EXPECT_THAT(elements<int64_t>(range<int64_t>(kMin, kMax, kMax)->front()),
              ElementsAre(kMin, -1, kMax - 1));
  EXPECT_THAT(elements<int64_t>(range<int64_t>(kMax, kMin, kMin)->front()), ElementsAre(kMax, -1));
  EXPECT_EQ(range<int64_t>(3, 3, 1)->front().count(), 0);
  EXPECT_EQ(range<int64_t>(3, 9, -1)->front().count(), 0);
}

TEST(Range, RefusesWhatNeverEnds) {
  EXPECT_EQ(range<int64_t>(0, 1, 0).status().code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(range<int64_t>(kMin, kMax, 1).ok());
  EXPECT_FALSE(range<int64_t>(0, int64_t{1} << 50, 1).ok());
  for (const double bad : {std::numeric_limits<double>::infinity(), std::nan("")}) {
    EXPECT_EQ(range<double>(0, bad, 1).status().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(range<double>(bad, bad, 1).status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(range<double>(0, 1, 0).status().code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(range<double>(0, 1e300, 1e-300).ok());
}

TEST(Range, WantsScalarsOfOneType) {
  const TestNode node("", "Range", 11, 3);
  const Datum one = tensor<int64_t>({}, {1}), two = tensor<int64_t>({2}, {1, 2});
  EXPECT_EQ(node.run({one, two, one}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(node.run({one, tensor<float>({}, {1}), one}).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace escuta::ops
