// What the normalisations share: means and variances, and scales that broadcast.
#pragma once

#include <cmath>

#include "ops/broadcast.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {

struct Moments {
  double mean = 0;
  double variance = 0;  // of the population
};

// Sum of function(i) for i < count, in independent chains.
template <typename F>
double sum_of(int64_t count, F&& function) {
  double sums[4] = {};
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (int lane = 0; lane < 4; ++lane) sums[lane] += function(i + lane);
  }
  for (; i < count; ++i) sums[0] += function(i);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

template <typename T>
Moments moments(const T* src, int64_t count) {
  Moments result;
  const auto n = static_cast<double>(count);
  result.mean = sum_of(count, [&](int64_t i) { return static_cast<double>(src[i]); }) / n;
  result.variance = sum_of(count,
                           [&](int64_t i) {
                             const double x = src[i] - result.mean;
                             return x * x;
                           }) /
                    n;
  return result;
}

// The tensor as lines of `columns`, all dimensions from axis on.
struct Rows {
  int axis = 0;
  int64_t rows = 1;
  int64_t columns = 1;
  // axis in [-rank, rank). InvalidArgument.
  static Result<Rows> from(const Shape& shape, int64_t axis);
};

// A tensor that broadcasts to a shape of `count` elements; element i of that is data[i % period],
// and the period is that of lines or `count`.
template <typename T>
struct Spread {
  const T* data = nullptr;
  int64_t period = 1;
};

// Input i, a tensor of T, for the lines of `shape`. InvalidArgument where it does not broadcast.
template <typename T>
Result<Spread<T>> spread(Call& call, size_t i, const Shape& shape, const Rows& rows) {
  const T* src = call.input(i).as<T>().data();
  const Shape& own = call.shape(i);
  const auto line = shape.dims().subspan(static_cast<size_t>(rows.axis));
  if (std::ranges::equal(own.dims(), line)) return Spread<T>{src, rows.columns};
  ASSIGN_OR_RETURN(const auto broadcast, Broadcast<2>::create({&shape, &own}));
  if (broadcast.shape() != shape) {
    return invalid_argument("input {}: expected a shape that broadcasts to {}, found {}", i,
                            shape.to_string(), own.to_string());
  }
  ASSIGN_OR_RETURN(T * dst, call.scratch_of<T>(shape.count()));
  broadcast.for_each_run([&](int64_t at, int64_t count, const auto& from, const auto& steps) {
    for (int64_t j = 0; j < count; ++j) dst[at + j] = src[from[1] + j * steps[1]];
  });
  return Spread<T>{dst, shape.count()};
}

// Input i, a vector of `count` floats of any width, as doubles in scratch memory.
Result<const double*> vector_of(Call& call, size_t i, int64_t count);

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias over each of `groups` groups of channels
// of X [N, C, ...]; inputs 1 and 2 are scale and bias, one per channel or one per group.
Status normalize_groups(Call& call, int64_t groups, bool scale_per_group, float epsilon);

}  // namespace escuta::ops
