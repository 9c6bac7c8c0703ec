// Pow (ai.onnx 1, 7, 12, 13, 15): base and exponent may differ in type; the result has the base's.
//
// Integers to integer powers are exact modulo their width; 0 to a negative power is 0. All other
// pairs of types compute in double. An exponent of another type than the base is converted first.
#include <cmath>

#include "ops/binary.h"
#include "ops/convert_elements.h"
#include "ops/wrapping.h"

namespace escuta::ops {
namespace {

int64_t integer_power(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 1 || base == -1) return exponent % 2 == 0 ? 1 : base;
    return 0;
  }
  int64_t result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result = wrapping_mul(result, base);
    base = wrapping_mul(base, base);
  }
  return result;
}

template <typename T, typename E>
T power(T base, E exponent) {
  if constexpr (std::is_integral_v<T> && std::is_integral_v<E>) {
    return static_cast<T>(integer_power(base, exponent));
  } else if constexpr (std::is_integral_v<T>) {
    return saturating_cast<T>(std::pow(static_cast<double>(base), exponent));
  } else if constexpr (std::is_same_v<T, E>) {
    return exponent == 2 ? base * base : std::pow(base, exponent);
  } else {
    return static_cast<T>(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
}

// E: what exponents are computed as, int64_t or double where their type is not T.
template <typename T, typename E>
Status raise(Call& call, const Broadcast<2>& broadcast, const E* exponents) {
  ASSIGN_OR_RETURN(T * dst, call.output<T>(0, broadcast.shape()));
  map_broadcast(broadcast, call.input(0).as<T>().data(), exponents, dst,
                [](auto a, auto b) { return power(a, b); });
  return {};
}

template <typename T, typename E>
Status run_converted(Call& call, const Broadcast<2>& broadcast) {
  const Datum& exponent = call.input(1);
  ASSIGN_OR_RETURN(E * exponents, call.scratch_of<E>(exponent.count()));
  RETURN_IF_ERROR(
      load_elements(exponent.dtype(), exponent.bytes(), 0, exponent.count(), exponents));
  return raise<T, E>(call, broadcast, exponents);
}

class Pow final : public Kernel {
 public:
  explicit Pow(const NodeInfo& node) : rule_(node) {}

  Status run(Call& call) const override {
    using Bases = Types<float, double, Float16, BFloat16, int32_t, int64_t>;
    if (!is_numeric(call.dtype(1))) {
      return unimplemented("exponents of element type {} are not supported",
                           dtype_name(call.dtype(1)));
    }
    ASSIGN_OR_RETURN(const Shape shape, rule_.align(call.shape(0), call.shape(1)));
    ASSIGN_OR_RETURN(const auto broadcast, Broadcast<2>::create({&call.shape(0), &shape}));
    return dispatch(Bases{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      if constexpr (kIsFloat<T>) {
        if (call.dtype(1) == dtype_of<T>()) {
          return raise<T>(call, broadcast, call.input(1).as<T>().data());
        }
      } else if (is_integer(call.dtype(1))) {
        return run_converted<T, int64_t>(call, broadcast);
      }
      return run_converted<T, double>(call, broadcast);
    });
  }

 private:
  BroadcastRule rule_;
};

}  // namespace

extern const Operator kPow = {.domain = "",
                              .name = "Pow",
                              .versions = {1, 7, 12, 13, 15},
                              .inputs = {2, 2},
                              .infer = infer_binary,
                              .create = make<Pow>,
                              .tolerance = Tolerance::kRounding,
                              .memory = Memory::kInPlace};

}  // namespace escuta::ops
