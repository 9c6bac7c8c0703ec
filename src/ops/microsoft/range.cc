// Range (com.microsoft 1): start + i * delta below limit; delta is 1 where it is absent.
#include <cmath>

#include "ops/dispatch.h"
#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

using Ranges = Types<float, double, int16_t, int32_t, int64_t>;

template <typename T>
Result<T> one(const Call& call, size_t i) {
  ASSIGN_OR_RETURN(const auto value, elements<T>(call, i));
  if (value.size() == 1) return value[0];
  return invalid_argument("expected one element in input {}, found {}", i, value.size());
}

// max(ceil((limit - start) / delta), 0).
template <typename T>
Result<int64_t> count_of(T start, T limit, T delta) {
  constexpr double kMost = 0x1p40;
  if (delta == 0) return invalid_argument("expected a delta other than 0");
  if constexpr (std::is_integral_v<T>) {
    if (delta > 0 ? start >= limit : start <= limit) return 0;
    // The widest span is over int64, so the difference is taken modulo 2^64.
    const auto low = static_cast<uint64_t>(delta > 0 ? start : limit);
    const auto high = static_cast<uint64_t>(delta > 0 ? limit : start);
    const auto step = delta > 0 ? static_cast<uint64_t>(delta) : 0 - static_cast<uint64_t>(delta);
    const uint64_t count = (high - low - 1) / step + 1;
    if (static_cast<double>(count) < kMost) return static_cast<int64_t>(count);
  } else {
    const double count = std::ceil((static_cast<double>(limit) - static_cast<double>(start)) /
                                   static_cast<double>(delta));
    if (count <= 0) return 0;
    if (count < kMost) return static_cast<int64_t>(count);
  }
  return invalid_argument("expected a range of up to 2^40 elements, found one of {} to {} by {}",
                          start, limit, delta);
}

Status run(Call& call) {
  return dispatch(Ranges{}, call.dtype(0), [&](auto tag) -> Status {
    using T = decltype(tag);
    ASSIGN_OR_RETURN(const T start, one<T>(call, 0));
    ASSIGN_OR_RETURN(const T limit, one<T>(call, 1));
    T delta = 1;
    if (call.has(2)) {
      ASSIGN_OR_RETURN(delta, one<T>(call, 2));
    }
    ASSIGN_OR_RETURN(const int64_t count, count_of(start, limit, delta));
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, {count}));
    for (int64_t i = 0; i < count; ++i) {
      if constexpr (std::is_integral_v<T>) {
        dst[i] = static_cast<T>(static_cast<uint64_t>(start) +
                                static_cast<uint64_t>(i) * static_cast<uint64_t>(delta));
      } else {
        dst[i] = static_cast<T>(start + static_cast<T>(i) * delta);
      }
    }
    return {};
  });
}

}  // namespace

extern const Operator kMsRange = {
    .domain = "com.microsoft",
    .name = "Range",
    .versions = {1},
    .inputs = {2, 3},
    .infer = [](Inference& node) { node.set(0, node.dtype(0), Dims{Dim()}); },
    .create = make_function<run>,
    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
