#include "generate/loops.h"

#include <gtest/gtest.h>

#include <vector>

namespace escuta::generate {
namespace {

using Tokens = std::vector<int32_t>;
constexpr int32_t kTextEnd = 100;

Tokens times(const Tokens& run, int count, Tokens tokens = {}) {
  for (int i = 0; i < count; ++i) tokens.insert(tokens.end(), run.begin(), run.end());
  return tokens;
}

TEST(FindLoop, WhereTheSameRunComesOverAndOver) {
  EXPECT_EQ(find_loop(times({1, 2, 3, 4}, 5, {7, 8}), kTextEnd), 6u);
  EXPECT_EQ(find_loop(times({1, 2, 3, 4}, 4, {7, 8}), kTextEnd), std::nullopt);
  EXPECT_EQ(find_loop(times({5}, 20, {7}), kTextEnd), 2u);
  EXPECT_EQ(find_loop(times({5}, 19, {7}), kTextEnd), std::nullopt);
  Tokens broken = times({1, 2, 3, 4}, 9);
  broken.push_back(9);
  EXPECT_EQ(find_loop(broken, kTextEnd), std::nullopt);
  EXPECT_EQ(find_loop({}, kTextEnd), std::nullopt);
}

TEST(FindLoop, DoesNotLookAtTimestamps) {
  Tokens tokens = {101};
  for (int i = 0; i < 6; ++i) {
    for (const int32_t token : {1, 2, 3, 4, 110 + i, 110 + i}) tokens.push_back(token);
  }
  EXPECT_EQ(find_loop(tokens, kTextEnd), 7u);  // both timestamps stay
}

TEST(FindLoop, ARunThatIsHalfwayCounts) {
  Tokens tokens = times({1, 2, 3, 4, 5}, 5, {9});
  tokens.insert(tokens.end(), {1, 2});
  EXPECT_EQ(find_loop(tokens, kTextEnd), 6u);
}

}  // namespace
}  // namespace escuta::generate
