// Operators on two tensors that broadcast: Add, Less, BitwiseXor, ...
#pragma once

#include <span>

#include "ops/broadcast.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

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
    return dispatch(TypeList{}, call.dtype(0),
                    [&](auto tag) -> Status { return loop<decltype(tag)>(call, broadcast); });
  }

 private:
  template <typename T>
  static Status loop(Call& call, const Broadcast<2>& broadcast) {
    using Out = std::conditional_t<std::is_void_v<R>, T, R>;
    ASSIGN_OR_RETURN(Out * dst, call.output<Out>(0, broadcast.shape()));
    const T* a = call.input(0).as<T>().data();
    const T* b = call.input(1).as<T>().data();
    broadcast.for_each_run([&](int64_t at, int64_t count, const auto& src, const auto& steps) {
      for (int64_t i = 0; i < count; ++i) {
        const auto x = static_cast<Wide<T>>(a[src[0] + i * steps[0]]);
        const auto y = static_cast<Wide<T>>(b[src[1] + i * steps[1]]);
        dst[at + i] = static_cast<Out>(function(x, y));
      }
    });
    return {};
  }

  BroadcastRule rule_;
};

// An operator on numbers whose result has the inputs' type.
template <auto function, typename TypeList = Numbers>
constexpr Operator binary(std::string_view name, Versions versions,
                          Tolerance tolerance = Tolerance::kRounding) {
  return {.domain = "",
          .name = name,
          .versions = versions,
          .inputs = {2, 2},
          .infer = infer_binary,
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
