// Operators that ask something of each floating-point number, 8-bit ones included.
#pragma once

#include "ops/convert_elements.h"
#include "ops/unary.h"

namespace escuta::ops {

// output 0 = F(node)(input 0) for each element, as bool.
template <typename F>
class Classify final : public Kernel {
 public:
  explicit Classify(const NodeInfo& node) : function_(node) {}

  Status run(Call& call) const override {
    const DType dtype = call.dtype(0);
    if (!is_small_float(dtype) || dtype_bits(dtype) != 8) {
      return map_elements<Floats, bool>(call, function_);
    }
    ASSIGN_OR_RETURN(bool* dst, call.output<bool>(0, call.shape(0)));
    const float* values = small_float_values(dtype);
    const std::byte* src = call.input(0).bytes();
    const int64_t count = call.shape(0).count();
    for (int64_t i = 0; i < count; ++i) dst[i] = function_(values[static_cast<size_t>(src[i])]);
    return {};
  }

 private:
  F function_;
};

template <typename F>
constexpr Operator classify(std::string_view name, Versions versions) {
  return {.domain = "",
          .name = name,
          .versions = versions,
          .inputs = {1, 1},
          .infer = [](Inference& node) { node.set(0, DType::kBool, node.shape(0)); },
          .create = make<Classify<F>>};
}

}  // namespace escuta::ops
