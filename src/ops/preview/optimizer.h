// Optimisers of ai.onnx.preview.training: one step for any number of tensors. Inputs are the
// learning rate, the count of updates, and then groups of as many tensors each: the tensors, their
// gradients, and what the optimiser remembers.
#pragma once

#include <array>

#include "ops/check_input.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {

// Rule: kStates (groups after the gradients), Rule(const NodeInfo&), and
// template <T> void step(double rate, int64_t count, const T* x, const T* g,
//                        const std::array<const T*, kStates>& states, T* new_x,
//                        const std::array<T*, kStates>& new_states, int64_t elements) const.
template <typename Rule>
class Optimizer final : public Kernel {
 public:
  explicit Optimizer(const NodeInfo& node) : rule_(node) {}

  Status run(Call& call) const override {
    constexpr size_t kGroups = 2 + Rule::kStates;
    if (call.input_count() < 2 + kGroups || (call.input_count() - 2) % kGroups != 0) {
      return invalid_argument("expected 2 inputs and {} for each tensor, found {}", kGroups,
                              call.input_count());
    }
    const size_t tensors = (call.input_count() - 2) / kGroups;
    if (call.output_count() > (1 + Rule::kStates) * tensors) {
      return invalid_argument("expected {} outputs for {} tensors, found {}",
                              (1 + Rule::kStates) * tensors, tensors, call.output_count());
    }
    double rate = 0;
    if (call.input(0).count() != 1 || call.input(1).count() != 1) {
      return invalid_argument("expected one learning rate and one count, found {} and {}",
                              call.shape(0).to_string(), call.shape(1).to_string());
    }
    RETURN_IF_ERROR(dispatch(Types<float, double>{}, call.dtype(0), [&](auto tag) -> Status {
      rate = call.input(0).as<decltype(tag)>()[0];
      return {};
    }));
    RETURN_IF_ERROR(check_dtype(call, 1, DType::kInt64));
    const int64_t count = call.input(1).as<int64_t>()[0];
    for (size_t i = 0; i < tensors; ++i) {
      for (size_t group = 1; group < kGroups; ++group) {
        RETURN_IF_ERROR(check_dtype(call, 2 + group * tensors + i, call.dtype(2 + i)));
        RETURN_IF_ERROR(check_shape(call, 2 + group * tensors + i, call.shape(2 + i)));
      }
      RETURN_IF_ERROR(dispatch(Types<float, double>{}, call.dtype(2 + i), [&](auto tag) -> Status {
        return step<decltype(tag)>(call, i, tensors, rate, count);
      }));
    }
    return {};
  }

 private:
  template <typename T>
  Status step(Call& call, size_t i, size_t tensors, double rate, int64_t count) const {
    const Shape& shape = call.shape(2 + i);
    std::array<const T*, Rule::kStates> states{};
    std::array<T*, Rule::kStates> new_states{};
    ASSIGN_OR_RETURN(T * new_x, call.output<T>(i, shape));
    for (size_t k = 0; k < Rule::kStates; ++k) {
      states[k] = call.input(2 + (2 + k) * tensors + i).template as<T>().data();
      ASSIGN_OR_RETURN(new_states[k], call.output<T>((1 + k) * tensors + i, shape));
    }
    rule_.step(rate, count, call.input(2 + i).template as<T>().data(),
               call.input(2 + tensors + i).template as<T>().data(), states, new_x, new_states,
               shape.count());
    return {};
  }

  Rule rule_;
};

template <typename Rule>
void infer_optimizer(Inference& node) {
  constexpr size_t kGroups = 2 + Rule::kStates;
  const size_t inputs = node.input_count();
  if (inputs < 2 + kGroups || (inputs - 2) % kGroups != 0) return;
  const size_t tensors = (inputs - 2) / kGroups;
  for (size_t i = 0; i < tensors; ++i) {
    for (size_t group = 0; group < 1 + Rule::kStates; ++group) {
      node.copy(group * tensors + i, 2 + i);
    }
  }
}

template <typename Rule>
constexpr Operator optimizer(std::string_view name) {
  return {.domain = "ai.onnx.preview.training",
          .name = name,
          .versions = {1},
          .inputs = {3, kAny},
          .outputs = {1, kAny},
          .infer = infer_optimizer<Rule>,
          .create = make<Optimizer<Rule>>,
          .tolerance = Tolerance::kRounding};
}

}  // namespace escuta::ops
