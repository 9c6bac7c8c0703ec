#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "base/cpu.h"

namespace escuta {
namespace {

TEST(ThreadPool, CallsEachTaskOnce) {
  ThreadPool pool(4);
  for (const long n : {0L, 1L, 2L, 3L, 7L, 1000L}) {
    std::vector<int> calls(static_cast<size_t>(n));
    pool.parallel_for(n, 0, [&](long i, int) { ++calls[static_cast<size_t>(i)]; });
    EXPECT_EQ(std::accumulate(calls.begin(), calls.end(), 0L), n);
    EXPECT_TRUE(std::all_of(calls.begin(), calls.end(), [](int c) { return c == 1; })) << n;
  }
}

TEST(ThreadPool, SlotsOfRunningTasksDiffer) {
  ThreadPool pool(5);
  for (const int max_threads : {1, 2, 3, 5, 9}) {
    std::vector<std::atomic<int>> inside(5);
    std::atomic<int> clashes{0}, most{0};
    pool.parallel_for(2000, max_threads, [&](long, int slot) {
      if (inside[static_cast<size_t>(slot)].fetch_add(1) != 0) ++clashes;
      int seen = most;
      while (slot > seen && !most.compare_exchange_weak(seen, slot)) {
      }
      --inside[static_cast<size_t>(slot)];
    });
    EXPECT_EQ(clashes, 0);
    EXPECT_LT(most, pool.limit(max_threads));
  }
}

TEST(ThreadPool, LimitIsWhatWasAskedAndWhatThereIs) {
  const ThreadPool pool(3);
  EXPECT_EQ(pool.threads(), 3);
  EXPECT_EQ(pool.limit(0), 3);
  EXPECT_EQ(pool.limit(2), 2);
  EXPECT_EQ(pool.limit(8), 3);
  EXPECT_EQ(ThreadPool(0).threads(), 1);
  EXPECT_EQ(thread_pool().threads(), available_cores());
}

TEST(ThreadPool, NestedLoopsRunInline) {
  ThreadPool pool(3);
  std::atomic<long> sum{0};
  std::atomic<int> elsewhere{0};
  pool.parallel_for(20, 0, [&](long i, int) {
    const auto thread = std::this_thread::get_id();
    pool.parallel_for(10, 0, [&](long j, int slot) {
      if (slot != 0 || std::this_thread::get_id() != thread) ++elsewhere;
      sum += 10 * i + j;
    });
  });
  EXPECT_EQ(sum, 199 * 200 / 2);
  EXPECT_EQ(elsewhere, 0);
}

TEST(ThreadPool, WorkersHelp) {
  ThreadPool pool(2);
  // Each of two tasks waits for the other to begin: only two threads can finish them.
  for (int repeat = 0; repeat < 20; ++repeat) {
    if (repeat == 10) std::this_thread::sleep_for(std::chrono::milliseconds(5));  // asleep by now
    std::atomic<int> begun{0};
    pool.parallel_for(2, 2, [&](long, int) {
      ++begun;
      while (begun < 2) std::this_thread::yield();
    });
    EXPECT_EQ(begun, 2);
  }
}

TEST(ThreadPool, ManyCallersAtOnce) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&, caller] {
      for (long repeat = 0; repeat < 300; ++repeat) {
        const long n = 1 + (repeat * 7 + caller) % 40;
        std::vector<long> squares(static_cast<size_t>(n));
        pool.parallel_for(n, static_cast<int>(repeat % 4),
                          [&](long i, int) { squares[static_cast<size_t>(i)] = i * i; });
        const long sum = std::accumulate(squares.begin(), squares.end(), 0L);
        if (sum != (n - 1) * n * (2 * n - 1) / 6) ++wrong;
        if (repeat % 100 == 99) std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

// Tasks in flight never exceed the callers plus what the pool has left beside them.
TEST(ThreadPool, HelpersYieldToCallers) {
  ThreadPool pool(3);
  std::atomic<int> running{0}, most{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&] {
      for (int repeat = 0; repeat < 20; ++repeat) {
        pool.parallel_for(64, 0, [&](long, int) {
          const int now = ++running;
          int seen = most;
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          --running;
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_LE(most, 3 + 2);  // three callers; a helper each worker, until its task's end
}

}  // namespace
}  // namespace escuta
