#include "pipeline/segments.h"

#include <gtest/gtest.h>

namespace escuta::pipeline {
namespace {

constexpr int32_t kT = 100;  // <|0.00|>
constexpr WindowTime kWindow = {.offset_s = 60,
                                .frames = 2500,
                                .seconds_per_frame = 0.01,
                                .frames_per_timestamp = 2,
                                .timestamp_begin = kT};

TEST(SplitByTimestamps, PairsEndSegmentsAndTheRestIsHeardAgain) {
  const std::vector<int32_t> tokens = {kT, 1, 2, kT + 100, kT + 110, 3, kT + 200, kT + 200, 4};
  const WindowSegments result = split_by_timestamps(tokens, kWindow);
  ASSERT_EQ(result.segments.size(), 2u);
  EXPECT_DOUBLE_EQ(result.segments[0].start_s, 60);
  EXPECT_DOUBLE_EQ(result.segments[0].end_s, 62);
  EXPECT_DOUBLE_EQ(result.segments[1].start_s, 62.2);
  EXPECT_DOUBLE_EQ(result.segments[1].end_s, 64);
  EXPECT_EQ(result.segments[1].tokens, (std::vector<int32_t>{kT + 110, 3, kT + 200}));
  EXPECT_EQ(result.advance_frames, 400);
}

TEST(SplitByTimestamps, TheRestIsKeptWhereNobodyHearsItAgain) {
  WindowTime window = kWindow;
  window.keeps_rest = true;
  const WindowSegments result =
      split_by_timestamps(std::vector<int32_t>{kT, 1, kT + 100, kT + 110, 3}, window);
  ASSERT_EQ(result.segments.size(), 2u);
  EXPECT_DOUBLE_EQ(result.segments[1].start_s, 62.2);
  EXPECT_DOUBLE_EQ(result.segments[1].end_s, 85);
  EXPECT_EQ(result.segments[1].tokens, (std::vector<int32_t>{kT + 110, 3}));
  const std::vector<int32_t> whole = {kT, 1, kT + 50, kT + 50, 2, kT + 80};
  EXPECT_EQ(split_by_timestamps(whole, window).segments.size(), 2u);
}

TEST(SplitByTimestamps, ASingleTimestampAtTheEndFinishesTheWindow) {
  const std::vector<int32_t> tokens = {kT, 1, kT + 50, kT + 50, 2, kT + 80};
  const WindowSegments result = split_by_timestamps(tokens, kWindow);
  ASSERT_EQ(result.segments.size(), 2u);
  EXPECT_DOUBLE_EQ(result.segments[1].end_s, 61.6);
  EXPECT_EQ(result.advance_frames, 2500);
}

TEST(SplitByTimestamps, WithoutAPairTheWindowIsOneSegment) {
  const std::vector<int32_t> with_end = {kT, 1, 2, kT + 50};
  EXPECT_DOUBLE_EQ(split_by_timestamps(with_end, kWindow).segments.at(0).end_s, 61);
  const std::vector<int32_t> without = {kT, 1, 2};
  EXPECT_DOUBLE_EQ(split_by_timestamps(without, kWindow).segments.at(0).end_s, 85);
  EXPECT_EQ(split_by_timestamps(without, kWindow).advance_frames, 2500);
  EXPECT_TRUE(split_by_timestamps({}, kWindow).segments.at(0).tokens.empty());
}

}  // namespace
}  // namespace escuta::pipeline
