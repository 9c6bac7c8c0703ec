// Operators that map each element by itself: Sin, Relu, Not, ...
#pragma once

#include "ops/dispatch.h"
#include "ops/operator.h"
#include "ops/stored.h"

namespace escuta::ops {

// output 0 = function(input 0), element by element; computed in Wide<T>. R: the result's type, or
// void for that of the input.
template <typename TypeList, typename R = void, typename F>
Status map_elements(Call& call, const F& function) {
  return dispatch(TypeList{}, call.dtype(0), [&](auto tag) -> Status {
    using T = decltype(tag);
    using Out = std::conditional_t<std::is_void_v<R>, T, R>;
    ASSIGN_OR_RETURN(Out * dst, call.output<Out>(0, call.shape(0)));
    const auto* src = stored<T>(call.input(0));
    const int64_t count = call.shape(0).count();
    // src and dst are the same memory or do not overlap.
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) {
      dst[i] = static_cast<Out>(function(static_cast<Wide<T>>(src[i])));
    }
    return {};
  });
}

template <auto function, typename TypeList, typename R>
Status run_unary(Call& call) {
  return map_elements<TypeList, R>(call, function);
}

// An operator without attributes, of one input.
template <auto function, typename TypeList = Floats>
constexpr Operator unary(std::string_view name, Versions versions,
                         Tolerance tolerance = Tolerance::kRounding) {
  return {.domain = "",
          .name = name,
          .versions = versions,
          .inputs = {1, 1},
          .infer = infer_same,
          .create = make_function<run_unary<function, TypeList, void>>,
          .tolerance = tolerance,
          .memory = Memory::kInPlace};
}

// F, made from the node's attributes, maps each element.
template <typename F, typename TypeList, typename R = void>
class Mapping final : public Kernel {
 public:
  explicit Mapping(const NodeInfo& node) : function_(node) {}
  Status run(Call& call) const override { return map_elements<TypeList, R>(call, function_); }

 private:
  F function_;
};

// An operator of one input whose attributes F(const NodeInfo&) reads.
template <typename F, typename TypeList = Floats>
constexpr Operator unary_of(std::string_view name, Versions versions,
                            Tolerance tolerance = Tolerance::kRounding) {
  return {.domain = "",
          .name = name,
          .versions = versions,
          .inputs = {1, 1},
          .infer = infer_same,
          .create = make<Mapping<F, TypeList>>,
          .tolerance = tolerance,
          .memory = Memory::kInPlace};
}

}  // namespace escuta::ops
