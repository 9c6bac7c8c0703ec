// CumSum and CumProd: element i along the axis is the sum or product of those up to it.
#pragma once

#include "ops/check_input.h"
#include "ops/dispatch.h"
#include "ops/lines.h"
#include "ops/operator.h"

namespace escuta::ops {

// Join: join(a, b), and kFirst, what joins without effect. Integers wrap around.
template <typename Join>
class Cumulative final : public Kernel {
 public:
  explicit Cumulative(const NodeInfo& node)
      : reverse_(node.integer("reverse", 0) != 0), exclusive_(node.integer("exclusive", 0) != 0) {}

  Status run(Call& call) const override {
    const Shape& shape = call.shape(0);
    ASSIGN_OR_RETURN(const int64_t axis, axis_of(call));
    ASSIGN_OR_RETURN(const Lines lines, Lines::along(shape, axis));
    using AllTypes = Types<float, double, Float16, BFloat16, int32_t, int64_t, uint32_t, uint64_t>;
    return dispatch(AllTypes{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      const T* src = call.input(0).as<T>().data();
      const int64_t first = reverse_ ? (lines.count - 1) * lines.step : 0;
      const int64_t step = reverse_ ? -lines.step : lines.step;
      lines.for_each(
          [&](int64_t at) { line(src + at + first, dst + at + first, lines.count, step); });
      return {};
    });
  }

 private:
  static Result<int64_t> axis_of(const Call& call) {
    const Datum& axis = call.input(1);
    if (!axis.is_tensor() || axis.count() != 1) {
      return invalid_argument("axis: expected one integer, found shape {}",
                              axis.shape().to_string());
    }
    if (axis.dtype() == DType::kInt32) return axis.as<int32_t>()[0];
    RETURN_IF_ERROR(check_dtype(call, 1, DType::kInt64));
    return axis.as<int64_t>()[0];
  }

  template <typename T>
  void line(const T* src, T* dst, int64_t count, int64_t step) const {
    // Unsigned arithmetic wraps around where signed must not.
    using A = typename std::conditional_t<std::is_integral_v<T>, std::make_unsigned<T>,
                                          std::type_identity<Wide<T>>>::type;
    A sum = Join::kFirst;
    for (int64_t i = 0; i < count; ++i) {
      const A value = static_cast<A>(static_cast<Wide<T>>(src[i * step]));
      const A next = Join::join(sum, value);
      dst[i * step] = static_cast<T>(exclusive_ ? sum : next);
      sum = next;
    }
  }

  bool reverse_;
  bool exclusive_;
};

template <typename Join>
constexpr Operator cumulative(std::string_view name, Versions versions) {
  return {.domain = "",
          .name = name,
          .versions = versions,
          .inputs = {2, 2},
          .infer = infer_same,
          .create = make<Cumulative<Join>>,
          .tolerance = Tolerance::kRounding};
}

}  // namespace escuta::ops
