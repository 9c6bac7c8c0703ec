// ArgMax and ArgMin: the index of the greatest or least element along an axis; the first of equal
// ones, or the last with select_last_index. NaN wins over numbers, as in numpy.
#pragma once

#include <array>

#include "ops/dispatch.h"
#include "ops/lines.h"
#include "ops/operator.h"

namespace escuta::ops {

void infer_arg_extreme(Inference& node);

template <bool kMax>
class ArgExtreme final : public Kernel {
 public:
  explicit ArgExtreme(const NodeInfo& node)
      : axis_(node.integer("axis", 0)),
        keepdims_(node.integer("keepdims", 1) != 0),
        last_(node.integer("select_last_index", 0) != 0) {}

  Status run(Call& call) const override {
    const Shape& shape = call.shape(0);
    ASSIGN_OR_RETURN(const Lines lines, Lines::along(shape, axis_));
    if (lines.count == 0 && lines.outer * lines.step > 0) {
      return invalid_argument("expected elements along axis {}, found shape {}", axis_,
                              shape.to_string());
    }
    std::array<int64_t, kMaxRank> dims{};
    size_t rank = 0;
    const int64_t axis = axis_ < 0 ? axis_ + shape.rank() : axis_;
    for (int i = 0; i < shape.rank(); ++i) {
      if (i != axis) dims[rank++] = shape[i];
      if (i == axis && keepdims_) dims[rank++] = 1;
    }
    ASSIGN_OR_RETURN(const Shape result, Shape::create(std::span(dims.data(), rank)));
    ASSIGN_OR_RETURN(int64_t * dst, call.output<int64_t>(0, result));
    return dispatch(Numbers{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      const T* src = call.input(0).as<T>().data();
      lines.for_each([&](int64_t at) { *dst++ = find(src + at, lines.count, lines.step); });
      return {};
    });
  }

 private:
  template <typename T>
  int64_t find(const T* src, int64_t count, int64_t step) const {
    int64_t best = 0;
    for (int64_t i = 1; i < count; ++i) {
      const T a = src[i * step], b = src[best * step];
      const bool better = kMax ? a > b : a < b;
      const bool no_number = a != a;
      if (no_number ? (last_ || b == b) : better || (last_ && a == b)) best = i;
    }
    return best;
  }

  int64_t axis_;
  bool keepdims_;
  bool last_;
};

template <bool kMax>
constexpr Operator arg_extreme(std::string_view name) {
  return {.domain = "",
          .name = name,
          .versions = {1, 11, 12, 13},
          .inputs = {1, 1},
          .infer = infer_arg_extreme,
          .create = make<ArgExtreme<kMax>>};
}

}  // namespace escuta::ops
