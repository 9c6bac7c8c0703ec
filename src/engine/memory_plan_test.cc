#include "engine/memory_plan.h"

#include <gtest/gtest.h>

#include <random>

namespace escuta::engine {
namespace {

bool overlap_in_time(const Lifetime& a, const Lifetime& b) {
  return a.first <= b.last && b.first <= a.last;
}

TEST(MemoryPlan, ValuesThatFollowEachOtherShareTheirPlace) {
  const MemoryPlan plan = plan_memory({{0, 1, 1000}, {1, 2, 1000}, {2, 3, 1000}, {3, 4, 64}});
  EXPECT_EQ(plan.offsets[0], plan.offsets[2]);
  EXPECT_NE(plan.offsets[0], plan.offsets[1]);
  EXPECT_EQ(plan.total, 2048u);
}

TEST(MemoryPlan, ValuesWithoutBytesHaveNoPlace) {
  const MemoryPlan plan = plan_memory({{0, 5, 0}, {0, 5, 10}});
  EXPECT_EQ(plan.offsets[0], MemoryPlan::kNone);
  EXPECT_EQ(plan.offsets[1], 0u);
  EXPECT_EQ(plan.total, 64u);
  EXPECT_EQ(plan_memory({}).total, 0u);
}

TEST(MemoryPlan, NothingOverlapsThatLivesAtTheSameTime) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<Lifetime> lives(60);
    for (Lifetime& life : lives) {
      life.first = static_cast<int>(random() % 40);
      life.last = life.first + static_cast<int>(random() % 10);
      life.bytes = random() % 5 == 0 ? 0 : random() % 10000;
    }
    const MemoryPlan plan = plan_memory(lives);
    for (size_t i = 0; i < lives.size(); ++i) {
      if (lives[i].bytes == 0) continue;
      EXPECT_EQ(plan.offsets[i] % 64, 0u);
      EXPECT_GE(plan.sizes[i], lives[i].bytes);
      EXPECT_LE(plan.offsets[i] + plan.sizes[i], plan.total);
      for (size_t j = 0; j < i; ++j) {
        if (lives[j].bytes == 0 || !overlap_in_time(lives[i], lives[j])) continue;
        const bool apart = plan.offsets[i] + plan.sizes[i] <= plan.offsets[j] ||
                           plan.offsets[j] + plan.sizes[j] <= plan.offsets[i];
        EXPECT_TRUE(apart) << i << " and " << j;
      }
    }
  }
}

}  // namespace
}  // namespace escuta::engine
