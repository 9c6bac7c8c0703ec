#include "tensor/buffer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace escuta {
namespace {

TEST(BufferPool, HandsTheSameBlockOutAgain) {
  const auto pool = BufferPool::create();
  const std::byte* first = pool->take(100'000).value().data();
  EXPECT_EQ(pool->take(90'000).value().data(), first);
  // Most of it would be wasted.
  EXPECT_NE(pool->take(10'000).value().data(), first);
}

// A sequence that grows leaves no trail of blocks that are too small.
TEST(BufferPool, FreesWhatIsOutgrown) {
  const auto pool = BufferPool::create();
  for (size_t bytes = 100'000; bytes < 1'000'000; bytes += 20'000) {
    const Buffer one = pool->take(bytes).value(), other = pool->take(bytes).value();
  }
  EXPECT_LT(pool->idle_bytes(), 3'500'000u);
  pool->trim();
  EXPECT_EQ(pool->idle_bytes(), 0u);
}

TEST(Buffer, RowsBelongToTheFirstWhoClaimsThem) {
  const Buffer buffer = Buffer::allocate(64).value();
  const Buffer same = buffer;
  EXPECT_FALSE(buffer.claim(1, 2));
  EXPECT_TRUE(buffer.claim(0, 3));
  EXPECT_FALSE(same.claim(0, 4));
  EXPECT_TRUE(same.claim(3, 4));
  EXPECT_FALSE(Buffer().claim(0, 1));
}

// A block of the pool starts anew.
TEST(Buffer, ClaimsEndWithTheBlock) {
  const auto pool = BufferPool::create();
  EXPECT_TRUE(pool->take(5000).value().claim(0, 7));
  EXPECT_TRUE(pool->take(5000).value().claim(0, 5));
}

// Side by side, whatever their sizes, and each its own.
TEST(Buffer, ThoseForLongDoNotOverlap) {
  std::vector<Buffer> held;
  for (size_t bytes : {1, 100, 70'000, 3'000'000, 17'000'000, 20'000'000, 15'000'000, 16'000'000}) {
    held.push_back(Buffer::allocate_for_long(bytes).value());
    EXPECT_EQ(held.back().size(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(held.back().data()) % 64, 0u);
    std::memset(held.back().data(), static_cast<int>(held.size()), bytes);
  }
  held.erase(held.begin() + 2);
  held.push_back(Buffer::allocate_for_long(70'000).value());
  std::memset(held.back().data(), 9, 70'000);
  const int marks[] = {1, 2, 4, 5, 6, 7, 8, 9};
  for (size_t i = 0; i < held.size(); ++i) {
    EXPECT_EQ(held[i].data()[0], std::byte(marks[i]));
    EXPECT_EQ(held[i].data()[held[i].size() - 1], std::byte(marks[i]));
  }
}

}  // namespace
}  // namespace escuta
