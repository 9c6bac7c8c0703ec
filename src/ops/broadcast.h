// Broadcasting (ONNX specification, Broadcasting; numpy's rules) as runs of an innermost loop.
#pragma once

#include <algorithm>
#include <array>

#include "base/status.h"
#include "tensor/shape.h"

namespace escuta::ops {

// K tensors broadcast to one shape. Neighbouring dimensions that all tensors step through alike are
// merged, so that equal shapes are one run.
template <int K>
class Broadcast {
 public:
  static Result<Broadcast> create(const std::array<const Shape*, K>& shapes) {
    Broadcast result;
    int rank = 0;
    for (const Shape* shape : shapes) rank = std::max(rank, shape->rank());
    std::array<int64_t, kMaxRank> dims{};
    std::array<std::array<int64_t, kMaxRank>, K> own{};  // each tensor's dims, 1s in front
    for (int i = 0; i < rank; ++i) {
      dims[i] = 1;
      for (int k = 0; k < K; ++k) {
        const int at = i + shapes[k]->rank() - rank;
        own[k][i] = at < 0 ? 1 : (*shapes[k])[at];
        if (own[k][i] == 1) continue;
        if (dims[i] != 1 && dims[i] != own[k][i]) {
          return invalid_argument("expected shapes that broadcast, found {} and {}",
                                  shapes[0]->to_string(), shapes[k]->to_string());
        }
        dims[i] = own[k][i];
      }
    }
    ASSIGN_OR_RETURN(result.shape_, Shape::create({dims.data(), static_cast<size_t>(rank)}));
    result.merge(dims, own, rank);
    return result;
  }

  const Shape& shape() const { return shape_; }

  // function(offset, count, src, steps): elements offset..offset+count of the result come from
  // element src[k], src[k] + steps[k], ... of tensor k; steps are 0 or 1.
  template <typename F>
  void for_each_run(F&& function) const {
    if (shape_.count() == 0) return;
    std::array<int64_t, kMaxRank> index{};
    std::array<int64_t, K> src{};
    std::array<int64_t, K> steps{};
    const int inner = rank_ - 1;
    for (int k = 0; k < K; ++k) steps[k] = strides_[k][inner];
    const int64_t runs = shape_.count() / dims_[inner];
    for (int64_t run = 0; run < runs; ++run) {
      function(run * dims_[inner], dims_[inner], src, steps);
      for (int i = inner - 1; i >= 0; --i) {
        for (int k = 0; k < K; ++k) src[k] += strides_[k][i];
        if (++index[i] < dims_[i]) break;
        for (int k = 0; k < K; ++k) src[k] -= strides_[k][i] * dims_[i];
        index[i] = 0;
      }
    }
  }

 private:
  void merge(const std::array<int64_t, kMaxRank>& dims,
             const std::array<std::array<int64_t, kMaxRank>, K>& own, int rank) {
    rank_ = 0;
    for (int i = 0; i < rank; ++i) {
      if (dims[i] == 1) continue;
      bool alike = rank_ > 0;
      for (int k = 0; k < K && alike; ++k) alike = (own[k][i] == 1) == broadcast_[k];
      if (alike) {
        dims_[rank_ - 1] *= dims[i];
      } else {
        dims_[rank_++] = dims[i];
      }
      for (int k = 0; k < K; ++k) {
        broadcast_[k] = own[k][i] == 1;
        strides_[k][rank_ - 1] = broadcast_[k] ? 0 : 1;
      }
    }
    if (rank_ == 0) dims_[rank_++] = 1;  // one element: strides do not matter
    for (int k = 0; k < K; ++k) {
      int64_t stride = 1;
      for (int i = rank_ - 1; i >= 0; --i) {
        if (strides_[k][i] == 0) continue;
        strides_[k][i] = stride;
        stride *= dims_[i];
      }
    }
  }

  Shape shape_;
  int rank_ = 0;
  std::array<int64_t, kMaxRank> dims_{};
  std::array<std::array<int64_t, kMaxRank>, K> strides_{};
  std::array<bool, K> broadcast_{};
};

}  // namespace escuta::ops
