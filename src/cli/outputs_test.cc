#include "cli/outputs.h"

#include <gtest/gtest.h>

#include "cli/progress.h"

namespace escuta::cli {
namespace {

using Names = std::vector<std::string>;

TEST(OutputNames, KeepTheExtensionOnlyWhereItTellsApart) {
  const Names inputs = {"a/jfk.wav", "b/jfk.mp3", "talk.ogg", "noext"};
  EXPECT_EQ(output_names(inputs).value(), (Names{"jfk.wav", "jfk.mp3", "talk", "noext"}));
}

TEST(OutputNames, RefuseWhatWouldOverwrite) {
  const Names inputs = {"a/x.wav", "b/x.wav"};
  const Status status = output_names(inputs).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("a/x.wav"), std::string::npos);
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
