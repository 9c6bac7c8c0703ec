// Loop (ai.onnx 1, 11, 13, 16, 19, 21, 23, 24, 25): runs its body up to M times while a condition
// holds. Inputs: M, condition, then the first values of the loop's state. Outputs: the last values
// of the state, then the scan outputs, stacked along a new first dimension.
//
// As the specification has it, the condition that the body gives counts only where the condition
// input is there.
#include <algorithm>
#include <limits>

#include "ops/arguments.h"
#include "ops/body.h"
#include "ops/check_input.h"
#include "ops/check_kind.h"
#include "ops/elements.h"
#include "ops/operator.h"
#include "ops/packed.h"
#include "ops/type_facts.h"

namespace escuta::ops {
namespace {

// Equal tensors, one after the other, in memory that doubles when it is full.
class Stack {
 public:
  Status append(const Datum& item) {
    if (!item.is_tensor()) {
      return invalid_argument("expected a tensor as scan output, found {}", datum_name(item));
    }
    if (count_ == 0) {
      dtype_ = item.dtype();
      item_shape_ = item.shape();
    }
    RETURN_IF_ERROR(check_like(item, dtype_, item_shape_, "scan output"));
    if (count_ == capacity_) RETURN_IF_ERROR(grow());
    const int64_t each = item_shape_.count();
    copy_elements(dtype_, item.bytes(), 0, memory_.mutable_bytes(), count_ * each, each);
    ++count_;
    return {};
  }

  int64_t count() const { return count_; }

  Datum finish() const {
    return Datum::of(dtype_, insert_dim(item_shape_, 0, count_).value(), memory_.buffer());
  }

 private:
  Status grow() {
    const int64_t capacity = std::max<int64_t>(2 * capacity_, 4);
    ASSIGN_OR_RETURN(const Shape shape, insert_dim(item_shape_, 0, capacity));
    ASSIGN_OR_RETURN(Datum larger, Datum::create(dtype_, shape));
    clear_elements(dtype_, larger.mutable_bytes(), is_packed(dtype_) ? shape.count() : 0);
    if (count_ > 0) {
      const int64_t used = count_ * item_shape_.count();
      copy_elements(dtype_, memory_.bytes(), 0, larger.mutable_bytes(), 0, used);
    }
    memory_ = std::move(larger);
    capacity_ = capacity;
    return {};
  }

  DType dtype_ = DType::kUndefined;
  Shape item_shape_;
  Datum memory_;
  int64_t count_ = 0;
  int64_t capacity_ = 0;
};

Result<bool> read_condition(const Datum& datum) {
  if (!datum.is_tensor() || datum.dtype() != DType::kBool || datum.count() != 1) {
    return invalid_argument("expected a condition of one bool, found {} {}", datum_name(datum),
                            datum.shape().to_string());
  }
  return datum.as<bool>()[0];
}

class Loop final : public Kernel {
 public:
  explicit Loop(const NodeInfo& node) : body_(node, "body") {
    if (!node.status().ok()) return;
    states_ = std::max<size_t>(body_.inputs, 2) - 2;
    const bool fits = body_.inputs >= 2 && node.input_count() <= states_ + 2 &&
                      body_.outputs >= 1 + states_ && node.output_count() < body_.outputs;
    if (!fits) {
      node.fail(
          invalid_argument("expected a body for {} inputs and {} outputs (iteration, condition and "
                           "state in; condition, state and scan outputs out), found one with {} "
                           "inputs and {} outputs",
                           node.input_count(), node.output_count(), body_.inputs, body_.outputs));
      return;
    }
    // Some exporters want the iteration and the condition as vectors of one element.
    for (size_t i = 0; i < 2; ++i) {
      const auto& shape = body_.input_fact(i).shape;
      if (shape && shape->size() == 1) scalar_shapes_[i] = Shape({1});
    }
  }

  Status run(Call& call) const override {
    const bool counted = !call.input(0).is_none();
    const bool conditional = !call.input(1).is_none();
    if (!counted && !conditional) {
      return invalid_argument("expected a trip count or a condition, or the loop never ends");
    }
    int64_t limit = std::numeric_limits<int64_t>::max();
    if (counted) {
      ASSIGN_OR_RETURN(limit, read_int(call, 0, "trip count"));
    }
    bool condition = true;
    if (conditional) {
      ASSIGN_OR_RETURN(condition, read_condition(call.input(1)));
    }
    SmallList<Datum> inputs(body_.inputs);
    for (size_t i = 0; i < states_; ++i) inputs[2 + i] = call.input(2 + i);
    SmallList<Datum> outputs(body_.outputs);
    SmallList<Stack> stacks(body_.outputs - 1 - states_);
    for (int64_t i = 0; i < limit && condition; ++i) {
      RETURN_IF_ERROR(call.check_cancelled());
      inputs[0] =
          Datum::borrow(DType::kInt64, scalar_shapes_[0], reinterpret_cast<const std::byte*>(&i));
      inputs[1] = Datum::borrow(DType::kBool, scalar_shapes_[1],
                                reinterpret_cast<const std::byte*>(&condition));
      outputs.clear();
      RETURN_IF_ERROR(call.run_body(body_.index, inputs.span(), outputs.span()));
      RETURN_IF_ERROR(take_outputs(outputs.span(), inputs.span(), stacks.span()));
      ASSIGN_OR_RETURN(const bool next, read_condition(outputs[0]));
      if (conditional) condition = next;
    }
    for (size_t i = 0; i < states_; ++i) call.set(i, std::move(inputs[2 + i]));
    for (size_t i = 0; i < stacks.span().size(); ++i) {
      RETURN_IF_ERROR(set_scan_output(call, i, stacks[i]));
    }
    return {};
  }

 private:
  Status take_outputs(std::span<Datum> outputs, std::span<Datum> inputs,
                      std::span<Stack> stacks) const {
    for (size_t i = 0; i < states_; ++i) {
      const Datum& before = inputs[2 + i];
      const Datum& after = outputs[1 + i];
      if (before.is_tensor() && after.is_tensor() && before.dtype() != after.dtype()) {
        return invalid_argument("loop state {}: expected {} as before, found {}", i,
                                dtype_name(before.dtype()), dtype_name(after.dtype()));
      }
      inputs[2 + i] = std::move(outputs[1 + i]);
    }
    for (size_t i = 0; i < stacks.size(); ++i) {
      RETURN_IF_ERROR(stacks[i].append(outputs[1 + states_ + i]));
    }
    return {};
  }

  Status set_scan_output(Call& call, size_t i, const Stack& stack) const {
    if (stack.count() > 0) {
      call.set(states_ + i, stack.finish());
      return {};
    }
    // Never ran: what the body's output is said to be, with 0 for what is not said.
    const graph::Fact& fact = body_.output_fact(1 + states_ + i);
    if (fact.dtype == DType::kUndefined) {
      return invalid_argument(
          "the loop ran no iteration, and its body does not say of which type scan output {} is",
          i);
    }
    std::array<int64_t, kMaxRank + 1> dims{};
    size_t rank = 1;
    for (const Dim& dim : fact.shape.value_or(Dims())) {
      if (rank < dims.size()) dims[rank++] = dim.is_known() ? dim.value() : 0;
    }
    ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), rank}));
    return call.allocate(states_ + i, fact.dtype, shape).status();
  }

  Body body_;
  size_t states_ = 0;
  std::array<Shape, 2> scalar_shapes_{};
};

// Whether the constant condition, if it is one, is true.
bool starts_surely(const Inference& node) {
  if (!node.has_input(1)) return true;
  const graph::ConstantPtr& constant = node.input(1).constant;
  return constant != nullptr && constant->dtype == DType::kBool && constant->bytes.size() == 1 &&
         constant->bytes[0] != std::byte{0};
}

// Scan output: the iterations in front of what the body gives.
Fact stacked_fact(const Fact& inferred, const Fact& declared, const Dim& iterations,
                  bool runs_surely) {
  Fact fact;
  fact.dtype = inferred.dtype;
  const std::optional<Dims>& item = runs_surely ? inferred.shape : declared.shape;
  if (!item) return fact;
  fact.shape = Dims{iterations};
  for (const Dim& dim : *item) {
    // Without an iteration a dimension that is not declared as a number is 0.
    fact.shape->push_back(runs_surely || dim.is_known() ? dim : Dim());
  }
  return fact;
}

void infer(Inference& node) {
  const Body body(node, "body");
  if (!node.status().ok() || body.inputs < 2 || body.outputs + 1 < body.inputs) return;
  const size_t states = body.inputs - 2;
  std::vector<Fact> inputs(body.inputs);
  inputs[0].dtype = DType::kInt64;
  inputs[1].dtype = DType::kBool;
  for (size_t i = 0; i < 2; ++i) {
    const auto& shape = body.input_fact(i).shape;
    inputs[i].shape = shape && shape->size() == 1 ? Dims{Dim(int64_t{1})} : Dims();
  }
  // State may change its shape from one iteration to the next.
  for (size_t i = 0; i < states; ++i) inputs[2 + i] = type_only(node.input(2 + i));
  const std::vector<Fact> facts = infer_outputs(node, "body", std::move(inputs), body.outputs);

  const auto count = node.constant_ints(0);
  const bool counted = count && count->size() == 1;
  const bool runs_surely = counted && (*count)[0] > 0 && starts_surely(node);
  const Dim iterations =
      counted && !node.has_input(1) ? Dim(std::max<int64_t>((*count)[0], 0)) : Dim();
  for (size_t i = 0; i < node.output_count() && i + 1 < body.outputs; ++i) {
    if (!node.has_output(i)) continue;
    node.output(i) =
        i < states ? merge_facts(node.input(2 + i), facts[1 + i])
                   : stacked_fact(facts[1 + i], body.output_fact(1 + i), iterations, runs_surely);
  }
}

}  // namespace

extern const Operator kLoop = {.domain = "",
                               .name = "Loop",
                               .versions = {1, 11, 13, 16, 19, 21, 23, 24, 25},
                               .inputs = {0, kAny},
                               .outputs = {0, kAny},
                               .infer = infer,
                               .create = make<Loop>};

}  // namespace escuta::ops
