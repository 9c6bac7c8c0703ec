#include "isolated.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <new>

namespace escuta::conformance {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Kind = TaskResult::Kind;

void no_start() {}

TEST(Isolated, EveryTaskGivesItsOwnResult) {
  const auto results =
      run_isolated(200, {.jobs = 3}, no_start, [](size_t i) { return std::string(i * 1000, 'x'); });
  ASSERT_EQ(results.size(), 200u);
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].kind, Kind::kDone);
    EXPECT_EQ(results[i].text.size(), i * 1000);
  }
}

TEST(Isolated, ACrashCostsOneResult) {
  const auto results = run_isolated(40, {.jobs = 2}, no_start, [](size_t i) -> std::string {
    if (i == 7) {
      std::fputs("first\nthe last that it said\n", stderr);
      ::_exit(5);
    }
    if (i == 8) ::kill(::getpid(), SIGKILL);
    return "done";
  });
  for (size_t i = 0; i < results.size(); ++i) {
    if (i == 7) {
      EXPECT_EQ(results[i].kind, Kind::kCrash);
      EXPECT_EQ(results[i].text, "exit status 5: the last that it said");
    } else if (i == 8) {
      EXPECT_EQ(results[i].kind, Kind::kCrash);
      EXPECT_THAT(results[i].text, StartsWith("signal 9, Killed"));
    } else {
      EXPECT_EQ(results[i].text, "done") << i;
    }
  }
}

TEST(Isolated, ATaskThatHangsIsEnded) {
  const auto results =
      run_isolated(3, {.jobs = 1, .seconds_per_task = 0.3}, no_start, [](size_t i) -> std::string {
        while (i == 1) ::usleep(1000);
        return "done";
      });
  EXPECT_EQ(results[0].text, "done");
  EXPECT_EQ(results[1].kind, Kind::kTimeout);
  EXPECT_EQ(results[1].text, "more than 0.3 s");
  EXPECT_EQ(results[2].text, "done");
}

TEST(Isolated, StartRunsOnceInEachChild) {
  int starts = 0;
  const auto results = run_isolated(
      10, {.jobs = 2}, [&] { ++starts; }, [&](size_t) { return std::to_string(starts); });
  for (const TaskResult& result : results) EXPECT_EQ(result.text, "1");
  EXPECT_EQ(starts, 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Isolated, MemoryIsBounded) {
  const auto results =
      run_isolated(1, {.memory_bytes = size_t{1} << 30}, no_start, [](size_t) -> std::string {
        void* memory = std::malloc(size_t{2} << 30);
        const bool got = memory != nullptr;
        std::free(memory);
        return got ? "got it" : "refused";
      });
  EXPECT_EQ(results[0].text, "refused");
}
#endif

}  // namespace
}  // namespace escuta::conformance
