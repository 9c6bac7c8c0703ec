#include "engine/rows.h"

#include <gtest/gtest.h>

#include <numeric>

namespace escuta::engine {
namespace {

using Rows = std::vector<int64_t>;

// [rows, heads, length, size] of distinct numbers; with room for `capacity` rows of each head, or
// dense where that is 0.
Datum numbered(int64_t rows, int64_t heads, int64_t length, int64_t size, int64_t capacity) {
  const Shape shape = {rows, heads, length, size};
  const int64_t apart = capacity == 0 ? length : capacity;
  Buffer buffer =
      Buffer::allocate(static_cast<size_t>(rows * heads * apart * size) * sizeof(float)).value();
  auto* data = reinterpret_cast<float*>(buffer.data());
  float next = 0;
  for (int64_t matrix = 0; matrix < rows * heads; ++matrix) {
    for (int64_t i = 0; i < length * size; ++i) data[matrix * apart * size + i] = next++;
  }
  if (capacity == 0) return Datum::of(DType::kFloat, shape, buffer);
  EXPECT_TRUE(buffer.claim(0, length));
  return Datum::with_room(DType::kFloat, shape, capacity, buffer);
}

// Row `row` of a tensor [rows, ...], made dense.
std::vector<float> row_of(const Value& value, int64_t row) {
  Tensor host = value.to_host().value();
  const std::span<const float> all = host.as<float>();
  const size_t size = all.size() / static_cast<size_t>(host.shape()[0]);
  const auto part = all.subspan(static_cast<size_t>(row) * size, size);
  return {part.begin(), part.end()};
}

void expect_rows(const Rows& rows, int64_t capacity, bool shared) {
  const Value before = Value::of(numbered(5, 2, 3, 4, 0));
  Datum datum = numbered(5, 2, 3, 4, capacity);
  const std::byte* place = datum.bytes();
  const Datum other = shared ? datum : Datum();
  const Result<Value> after = take_rows(Value::of(std::move(datum)), rows);
  ASSERT_TRUE(after.ok());
  ASSERT_EQ(after->shape()[0], static_cast<int64_t>(rows.size()));
  EXPECT_EQ(after->datum().row_capacity(), capacity);
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(row_of(*after, static_cast<int64_t>(i)), row_of(before, rows[i])) << "row " << i;
  }
  EXPECT_EQ(after->datum().bytes() == place, !shared && rows.size() <= 5);
  if (shared) {
    EXPECT_EQ(row_of(Value::of(other), 4), row_of(before, 4));
  }
}

TEST(TakeRows, MovesCopiesAndDropsRows) {
  const Rows choices[] = {{1, 0, 2, 3, 4},
                          {4, 4, 4, 4, 4},
                          {0, 0, 1, 2, 2},
                          {1, 2, 3, 4, 0},
                          {2, 3, 0, 1, 1},
                          {4, 3, 2, 1, 0},
                          {3},
                          {1, 0, 0},
                          {0, 1, 2},
                          {4, 0, 1},
                          {0, 0, 1, 1, 2, 2, 3, 3, 4, 4}};
  for (const Rows& rows : choices) {
    for (const int64_t capacity : {0, 3, 8}) {
      for (const bool shared : {false, true}) expect_rows(rows, capacity, shared);
    }
  }
}

TEST(TakeRows, TouchesNothingWhereEveryRowStays) {
  Datum datum = numbered(3, 1, 2, 2, 4);
  const std::byte* place = datum.bytes();
  const Datum other = datum;
  const Rows all = {0, 1, 2};
  EXPECT_EQ(take_rows(Value::of(std::move(datum)), all)->datum().bytes(), place);
}

TEST(TakeRows, WhatWasTakenGrowsOn) {
  const Rows rows = {1, 1, 0, 2};
  const Value taken = take_rows(Value::of(numbered(3, 1, 2, 2, 4)), rows).value();
  EXPECT_TRUE(taken.datum().buffer().claim(2, 3));
  EXPECT_FALSE(taken.datum().buffer().claim(2, 3));
}

TEST(TakeRows, RefusesRowsThatThereAreNot) {
  const Rows rows = {0, 3};
  EXPECT_EQ(take_rows(Value::of(numbered(3, 1, 2, 2, 0)), rows).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(JoinRows, PutsRowsAfterEachOther) {
  const Value values[] = {Value::of(numbered(2, 1, 2, 2, 0)), Value::of(numbered(1, 1, 2, 2, 0))};
  const Value joined = join_rows(values).value();
  ASSERT_EQ(joined.shape()[0], 3);
  EXPECT_EQ(row_of(joined, 1), row_of(values[0], 1));
  EXPECT_EQ(row_of(joined, 2), row_of(values[1], 0));
  const Value other[] = {values[0], Value::of(numbered(1, 2, 2, 2, 0))};
  EXPECT_EQ(join_rows(other).status().code(), StatusCode::kInvalidArgument);
}

TEST(SharedItems, OnePerGroupWhereGroupsAreEqual) {
  EXPECT_EQ(shared_items(Rows{1, 0, 0, 3, 3, 5}, 3), (Rows{0, 1}));
  EXPECT_EQ(shared_items(Rows{3, 4}, 3), (Rows{1}));
  EXPECT_EQ(shared_items(Rows{0, 0, 1, 1}, 1), (Rows{0, 1}));
  EXPECT_EQ(shared_items(Rows{0, 1, 3}, 3), (Rows{0, 0, 1}));
}

}  // namespace
}  // namespace escuta::engine
