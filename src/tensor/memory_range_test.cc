#include "tensor/memory_range.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <thread>

namespace escuta {
namespace {

constexpr size_t kPart = size_t{1} << 20;

TEST(MemoryRange, AFreedPlaceServesTheNext) {
  const auto range = MemoryRange::create();
  Buffer first = range->take(kPart).value();
  const Buffer second = range->take(kPart).value();
  const std::byte* place = first.data();
  first = Buffer();
  EXPECT_EQ(range->take(kPart / 2).value().data(), place);
  EXPECT_NE(range->take(2 * kPart).value().data(), place);
  EXPECT_EQ(range->extent_bytes(), 4 * kPart);
}

TEST(MemoryRange, FreeNeighboursBecomeOnePlace) {
  const auto range = MemoryRange::create();
  for (const bool forwards : {true, false}) {
    Buffer a = range->take(kPart).value(), b = range->take(kPart).value();
    Buffer c = range->take(kPart).value();
    const std::byte* place = a.data();
    if (forwards) {
      a = b = c = Buffer();
    } else {
      c = b = a = Buffer();
    }
    EXPECT_EQ(range->take(3 * kPart).value().data(), place);
  }
  EXPECT_EQ(range->extent_bytes(), 3 * kPart);
}

TEST(MemoryRange, BuffersOutliveIt) {
  auto range = MemoryRange::create();
  Buffer kept = range->take(kPart).value();
  range.reset();
  std::memset(kept.data(), 7, kept.size());
  EXPECT_EQ(kept.data()[kPart - 1], std::byte{7});
}

// More than a mapping holds, and more at once than any mapping is.
TEST(MemoryRange, GrowsByMappings) {
  const auto range = MemoryRange::create();
  std::vector<Buffer> held;
  for (int i = 0; i < 3; ++i) held.push_back(range->take(40 * kPart).value());
  held.push_back(range->take(100 * kPart).value());
  for (Buffer& buffer : held) std::memset(buffer.data() + buffer.size() - 64, 1, 64);
  EXPECT_EQ(range->extent_bytes(), 220 * kPart);
}

// Each thread's blocks keep what it wrote, whatever the others take and free.
TEST(MemoryRange, BlocksDoNotOverlap) {
  const auto range = MemoryRange::create();
  const auto work = [&](int id) {
    std::mt19937 random(static_cast<unsigned>(id));
    std::vector<std::pair<Buffer, int>> held;
    for (int i = 0; i < 300; ++i) {
      Buffer taken = range->take((size_t{64} << 10) + random() % (size_t{200} << 10)).value();
      const int mark = id * 1000 + i;
      std::memcpy(taken.data(), &mark, sizeof(mark));
      std::memcpy(taken.data() + taken.size() - sizeof(mark), &mark, sizeof(mark));
      held.emplace_back(std::move(taken), mark);
      if (held.size() < 20) continue;
      const size_t victim = random() % held.size();
      const auto& [buffer, expected] = held[victim];
      int first = 0, last = 0;
      std::memcpy(&first, buffer.data(), sizeof(first));
      std::memcpy(&last, buffer.data() + buffer.size() - sizeof(last), sizeof(last));
      EXPECT_EQ(first, expected);
      EXPECT_EQ(last, expected);
      held.erase(held.begin() + static_cast<long>(victim));
    }
  };
  std::thread other(work, 1);
  work(2);
  other.join();
}

}  // namespace
}  // namespace escuta
