// Operators on two tensors that broadcast: Add, Less, BitwiseXor, ...
#pragma once

#include <optional>

#include "ops/broadcast.h"
#include "ops/dispatch.h"
#include "ops/operator.h"
#include "ops/stored.h"

namespace escuta::ops {

// Up to opset 6, `broadcast` = 1 aligns input 1's dimensions with input 0's from `axis` on
// (default: the last ones), and `broadcast` = 0 wants equal shapes. Read where version() < 7.
class BroadcastRule {
 public:
  explicit BroadcastRule(const NodeInfo& node);
  // The shape that input 1 has for numpy's rules.
  Result<Shape> align(const Shape& a, const Shape& b) const;

 private:
  bool limited_ = false;
  bool broadcast_ = false;
  int64_t axis_ = -1;  // -1: the last dimensions
};

// The result's shape before opset 7 is input 0's; later all inputs broadcast.
void infer_binary(Inference& node);
void infer_binary_bool(Inference& node);

// An element of a tensor that shapes are computed with: its value (perhaps negative), or a symbol.
struct ShapeElement {
  std::optional<int64_t> value;
  std::string symbol;

  bool is(int64_t number) const { return value == number; }
  bool same_symbol(const ShapeElement& other) const {
    return !symbol.empty() && symbol == other.symbol;
  }
};

// infer_binary, and where both inputs are scalars or vectors of int32 or int64, known in part, the
// elements of the result. combine: what one pair gives, as far as is known; a value out of int64 is
// unknown.
void infer_shape_arithmetic(Inference& node,
                            ShapeElement (*combine)(const ShapeElement& a, const ShapeElement& b));

// dst[i] = function(a[i * a_step], b[i * b_step]), computed in the wide types; a step of 0 only for
// one of them, unless count is 1. dst is one of the inputs, or overlaps neither.
template <typename A, typename B, typename Out, typename F>
void map_pairs(const A* a, int64_t a_step, const B* b, int64_t b_step, Out* dst, int64_t count,
               const F& function) {
  using X = Wide<std::conditional_t<std::is_same_v<A, StoredBool>, bool, A>>;
  using Y = Wide<std::conditional_t<std::is_same_v<B, StoredBool>, bool, B>>;
  if (a_step == 1 && b_step == 1) {
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) {
      dst[i] = static_cast<Out>(function(static_cast<const X&>(a[i]), static_cast<const Y&>(b[i])));
    }
  } else if (a_step == 1) {
    const Y y = b[0];
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) {
      dst[i] = static_cast<Out>(function(static_cast<const X&>(a[i]), y));
    }
  } else {
    const X x = a[0];
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) {
      dst[i] = static_cast<Out>(function(x, static_cast<const Y&>(b[i])));
    }
  }
}

// The same for tensors that broadcast.
template <typename A, typename B, typename Out, typename F>
void map_broadcast(const Broadcast<2>& broadcast, const A* a, const B* b, Out* dst,
                   const F& function) {
  broadcast.for_each_run([&](int64_t at, int64_t count, const auto& src, const auto& steps) {
    map_pairs(a + src[0], steps[0], b + src[1], steps[1], dst + at, count, function);
  });
}

// output 0 = function(input 0, input 1); R: the result's type, or void for that of the inputs.
template <auto function, typename TypeList, typename R = void>
class Binary final : public Kernel {
 public:
  explicit Binary(const NodeInfo& node) : rule_(node) {}

  Status run(Call& call) const override {
    if (call.dtype(0) != call.dtype(1)) {
      return invalid_argument("expected inputs of one element type, found {} and {}",
                              dtype_name(call.dtype(0)), dtype_name(call.dtype(1)));
    }
    ASSIGN_OR_RETURN(const Shape b_shape, rule_.align(call.shape(0), call.shape(1)));
    ASSIGN_OR_RETURN(const auto broadcast, Broadcast<2>::create({&call.shape(0), &b_shape}));
    return dispatch(TypeList{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      using Out = std::conditional_t<std::is_void_v<R>, T, R>;
      ASSIGN_OR_RETURN(Out * dst, call.output<Out>(0, broadcast.shape()));
      map_broadcast(broadcast, stored<T>(call.input(0)), stored<T>(call.input(1)), dst, function);
      return {};
    });
  }

 private:
  BroadcastRule rule_;
};

// An operator on numbers whose result has the inputs' type.
template <auto function, typename TypeList = Numbers>
constexpr Operator binary(std::string_view name, Versions versions,
                          Tolerance tolerance = Tolerance::kRounding,
                          void (*infer)(Inference&) = infer_binary) {
  return {.domain = "",
          .name = name,
          .versions = versions,
          .inputs = {2, 2},
          .infer = infer,
          .create = make<Binary<function, TypeList>>,
          .tolerance = tolerance,
          .memory = Memory::kInPlace};
}

// A comparison or logical operator: its result is boolean.
template <auto function, typename TypeList>
constexpr Operator binary_bool(std::string_view name, Versions versions) {
  return {.domain = "",
          .name = name,
          .versions = versions,
          .inputs = {2, 2},
          .infer = infer_binary_bool,
          .create = make<Binary<function, TypeList, bool>>};
}

}  // namespace escuta::ops
