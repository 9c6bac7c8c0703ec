#include "models/whisper/time_warping.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace escuta::whisper {
namespace {

// Element `i` of the row, mirrored at both ends.
float mirrored(std::span<const float> row, ptrdiff_t i) {
  const auto last = static_cast<ptrdiff_t>(row.size()) - 1;
  if (i < 0) i = -i;
  if (i > last) i = 2 * last - i;
  return row[static_cast<size_t>(i)];
}

TEST(MedianFilter, IsTheMedianOfSevenAtEveryLength) {
  std::mt19937 random(5);
  std::uniform_int_distribution<int> digit(0, 9);  // with equals
  for (const size_t size : {4, 5, 7, 15, 16, 17, 31, 32, 33, 100}) {
    std::vector<float> row(size);
    for (float& x : row) x = static_cast<float>(digit(random));
    std::vector<float> filtered = row;
    median_filter(filtered);
    for (size_t i = 0; i < size; ++i) {
      std::vector<float> around;
      for (ptrdiff_t k = -3; k <= 3; ++k) {
        around.push_back(mirrored(row, static_cast<ptrdiff_t>(i) + k));
      }
      std::ranges::sort(around);
      ASSERT_EQ(filtered[i], around[3]) << size << " " << i;
    }
  }
}

TEST(MedianFilter, LeavesRowsThatAreTooShort) {
  std::vector<float> row = {3, 1, 2};
  median_filter(row);
  EXPECT_EQ(row, (std::vector<float>{3, 1, 2}));
  std::vector<float> empty;
  median_filter(empty);
}

Matrix of(size_t rows, size_t columns, std::vector<float> values) {
  Matrix matrix(rows, columns);
  matrix.values = std::move(values);
  return matrix;
}

TEST(Warp, FollowsTheCheapestCells) {
  // Three tokens: moments 0-1, 2, 3-4.
  const Matrix cost = of(3, 5,
                         {0, 0, 9, 9, 9,  //
                          9, 9, 0, 9, 9,  //
                          9, 9, 9, 0, 0});
  EXPECT_EQ(warp(cost), (std::vector<size_t>{0, 2, 3}));
}

TEST(Warp, KnowsTheSmallestMatrices) {
  EXPECT_TRUE(warp(Matrix()).empty());
  EXPECT_TRUE(warp(Matrix(0, 4)).empty());
  EXPECT_EQ(warp(of(1, 1, {7})), (std::vector<size_t>{0}));
  EXPECT_EQ(warp(of(1, 3, {1, 2, 3})), (std::vector<size_t>{0}));
  EXPECT_EQ(warp(of(3, 1, {1, 2, 3})), (std::vector<size_t>{0, 0, 0}));
}

// The cost of the cheapest way from (i, j) to the end, trying all.
float cheapest(const Matrix& cost, size_t i, size_t j) {
  const float here = cost.row(i)[j];
  if (i + 1 == cost.rows && j + 1 == cost.columns) return here;
  float rest = std::numeric_limits<float>::infinity();
  if (i + 1 < cost.rows) rest = std::min(rest, cheapest(cost, i + 1, j));
  if (j + 1 < cost.columns) rest = std::min(rest, cheapest(cost, i, j + 1));
  if (i + 1 < cost.rows && j + 1 < cost.columns)
    rest = std::min(rest, cheapest(cost, i + 1, j + 1));
  return here + rest;
}

// The cost of the cheapest way that enters each row where `entered` says.
float cost_through(const Matrix& cost, const std::vector<size_t>& entered) {
  float sum = 0;
  for (size_t i = 0; i < cost.rows; ++i) {
    // Leaves for the next row from the column it is entered at, or from the one before.
    const size_t begin = entered[i];
    const size_t end = i + 1 < cost.rows ? entered[i + 1] : cost.columns - 1;
    float all = 0, all_but_last = 0;
    for (size_t j = begin; j <= end; ++j) {
      if (j == end) all_but_last = all;
      all += cost.row(i)[j];
    }
    const bool may_leave_before = i + 1 < cost.rows && end > begin;
    sum += may_leave_before ? std::min(all, all_but_last) : all;
  }
  return sum;
}

TEST(Warp, IsAsCheapAsTheBestOfAllWays) {
  std::mt19937 random(11);
  std::uniform_int_distribution<int> digit(-9, 9);
  for (int round = 0; round < 300; ++round) {
    Matrix cost(1 + random() % 5, 1 + random() % 6);
    for (float& x : cost.values) x = static_cast<float>(digit(random));
    const std::vector<size_t> entered = warp(cost);
    ASSERT_EQ(entered.size(), cost.rows);
    ASSERT_TRUE(std::ranges::is_sorted(entered));
    ASSERT_EQ(cost_through(cost, entered), cheapest(cost, 0, 0)) << round;
  }
}

TEST(Warp, EndsOnNumbersThatAreNone) {
  Matrix cost(3, 4);
  for (float& x : cost.values) x = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(warp(cost).size(), 3u);
}

}  // namespace
}  // namespace escuta::whisper
