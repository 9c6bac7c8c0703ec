#include "cli/outputs.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/temporary_folder.h"
#include "cli/progress.h"

namespace escuta::cli {
namespace {

TEST(RemoveLeftovers, TakesOnlyWhatAtomicFilesLeave) {
  const TemporaryFolder folder;
  for (const char* name :
       {"a.txt", "a.txt.12.0.part", "a.txt.part", "a.txt.b.part", "b.txt.1.0.part"}) {
    folder.write(name, "");
  }
  remove_leftovers(folder.path() / "a.txt");
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    left.push_back(entry.path().filename());
  }
  std::ranges::sort(left);
  EXPECT_EQ(left,
            (std::vector<std::string>{"a.txt", "a.txt.b.part", "a.txt.part", "b.txt.1.0.part"}));
}

TEST(JobLine, TellsTheWholeJob) {
  const JobProgress job = {.done = 2,
                           .failed = 1,
                           .total = 10,
                           .audio_s = 7200,
                           .elapsed_s = 60,
                           .bytes_done = 100,
                           .bytes_left = 300};
  EXPECT_EQ(job_line(job, "a.wav", 60, 120, 90),
            "3/10 files, 1 failed  2.0 h  121.0x real time  3:00 left  a.wav  50%");
  for (int width = 1; width < 120; ++width) {
    EXPECT_LE(job_line(job, "a-very-long-name.wav", 60, 120, width).size(),
              static_cast<size_t>(width));
  }
}

TEST(ProgressLine, TellsPositionSpeedAndTimeLeft) {
  EXPECT_EQ(progress_line("a.wav", 60, 120, 10, 80),
            "a.wav  [############-------------]  50%  1:00 / 2:00  6.0x real time  0:10 left");
  EXPECT_EQ(progress_line("a.wav", 0, 0, 0, 80).substr(0, 8), "a.wav  [");
}

TEST(ProgressLine, FitsTheTerminal) {
  for (int width = 1; width < 200; ++width) {
    const std::string line =
        progress_line("a-very-long-name-of-a-recording.wav", 5, 7200, 1, width);
    EXPECT_LE(line.size(), static_cast<size_t>(width));
  }
}

TEST(HumanTime, HasHoursOnlyWhenThereAreSome) {
  EXPECT_EQ(human_time(3.4), "0:03");
  EXPECT_EQ(human_time(3723), "1:02:03");
  EXPECT_EQ(human_time(-1), "0:00");
}

}  // namespace
}  // namespace escuta::cli
