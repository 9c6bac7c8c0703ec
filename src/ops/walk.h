// Stepping through K strided arrays at once, as runs of an innermost loop.
//
// Plain values without heap memory; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "tensor/shape.h"

namespace escuta::ops {

// Elements between neighbours along each axis of a dense row-major array. An axis without elements
// counts as one: strides are no sizes.
inline std::array<int64_t, kMaxRank> strides_of(const Shape& shape) {
  std::array<int64_t, kMaxRank> strides{};
  int64_t stride = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[static_cast<size_t>(i)] = stride;
    stride *= shape[i] > 0 ? shape[i] : 1;
  }
  return strides;
}

template <int K>
class Walk {
 public:
  static constexpr int kMaxDims = 2 * kMaxRank;

  // Adds an inner dimension: `dim` steps of strides[k] elements in array k, which may be 0 or
  // negative. Dimensions of 1 fall away; neighbours that all arrays step through as one are merged.
  // At most kMaxDims calls.
  void add(int64_t dim, const std::array<int64_t, K>& strides) {
    count_ *= dim;
    if (dim == 1) return;
    bool merges = rank_ > 0;
    for (int k = 0; k < K && merges; ++k) {
      merges = strides_[k][rank_ - 1] == dim * strides[k];
    }
    if (!merges) {
      dims_[rank_++] = dim;
    } else {
      dims_[rank_ - 1] *= dim;
    }
    for (int k = 0; k < K; ++k) strides_[k][rank_ - 1] = strides[k];
  }

  int64_t count() const { return count_; }
  int rank() const { return rank_; }
  int64_t dim(int i) const { return dims_[i]; }
  int64_t stride(int k, int i) const { return strides_[k][i]; }

  // Swaps two dimensions: the order of the steps changes, the pairs of elements do not.
  void swap(int i, int j) {
    std::swap(dims_[i], dims_[j]);
    for (int k = 0; k < K; ++k) std::swap(strides_[k][i], strides_[k][j]);
  }

  // function(at) for every place of the dimensions before `inner`: at[k] is an offset in array k.
  template <typename F>
  void for_each(int inner, F&& function) const {
    if (count_ == 0) return;
    std::array<int64_t, kMaxDims> index{};
    std::array<int64_t, K> at{};
    while (true) {
      function(at);
      int i = inner - 1;
      for (; i >= 0; --i) {
        for (int k = 0; k < K; ++k) at[k] += strides_[k][i];
        if (++index[i] < dims_[i]) break;
        for (int k = 0; k < K; ++k) at[k] -= strides_[k][i] * dims_[i];
        index[i] = 0;
      }
      if (i < 0) return;
    }
  }

  // function(at, count, steps): the elements at[k], at[k] + steps[k], ... of array k.
  template <typename F>
  void for_each_run(F&& function) const {
    if (rank_ == 0) {
      if (count_ > 0) function(std::array<int64_t, K>{}, int64_t{1}, std::array<int64_t, K>{});
      return;
    }
    std::array<int64_t, K> steps;
    for (int k = 0; k < K; ++k) steps[k] = strides_[k][rank_ - 1];
    for_each(rank_ - 1, [&](const auto& at) { function(at, dims_[rank_ - 1], steps); });
  }

 private:
  int rank_ = 0;
  int64_t count_ = 1;
  std::array<int64_t, kMaxDims> dims_{};
  std::array<std::array<int64_t, kMaxDims>, K> strides_{};
};

}  // namespace escuta::ops
