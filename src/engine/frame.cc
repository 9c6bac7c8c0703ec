#include "engine/frame.h"

#include <algorithm>

#include "engine/profile.h"

namespace escuta::engine {

// The Call of one step.
class Frame::StepCall final : public ops::Call {
 public:
  StepCall(Frame& frame, size_t index, const RunControl& control)
      : frame_(frame),
        step_(frame.program_.steps()[index]),
        slots_(frame.slots_[index]),
        control_(control) {
    inputs_ = slots_.inputs;
    outputs_ = slots_.outputs;
  }

  Result<std::byte*> allocate(size_t i, DType dtype, const Shape& shape) override {
    if (!wants(i)) {
      if (dtype == DType::kString) {
        ASSIGN_OR_RETURN(Buffer strings, Buffer::strings(static_cast<size_t>(shape.count())));
        frame_.unwanted_.push_back(strings);
        return strings.data();
      }
      ASSIGN_OR_RETURN(const size_t bytes, dtype_bytes(dtype, shape.count()));
      return scratch(bytes);
    }
    ASSIGN_OR_RETURN(*outputs_[i], frame_.place(step_, step_.outputs[i], dtype, shape));
    return outputs_[i]->mutable_bytes();
  }

  bool may_have_room(size_t i) const override {
    if (!control_.state_stays || !wants(i)) return false;
    return !frame_.program_.plannable(frame_.program_.root(step_.outputs[i]));
  }

  Result<Buffer> take_buffer(size_t bytes) override { return frame_.settings_.pool->take(bytes); }

  Result<std::byte*> scratch(size_t bytes) override {
    const size_t size = (bytes + 63) / 64 * 64;
    frame_.scratch_wanted_ += size;
    if (frame_.scratch_used_ + size <= frame_.scratch_.size()) {
      std::byte* data = frame_.scratch_.data() + frame_.scratch_used_;
      frame_.scratch_used_ += size;
      return data;
    }
    ASSIGN_OR_RETURN(Buffer buffer, Buffer::allocate(size));
    frame_.more_scratch_.push_back(buffer);
    return buffer.data();
  }

  Status run_body(int index, std::span<const Datum> inputs, std::span<Datum> outputs) override {
    const auto i = static_cast<size_t>(index);
    ESCUTA_CHECK(index >= 0 && i < step_.bodies.size());
    if (slots_.bodies[i] == nullptr) {
      slots_.bodies[i] = std::make_unique<Frame>(*step_.bodies[i].program, frame_.settings_);
    }
    RunControl control = control_;
    control.state_stays &= step_.kernel->takes_room(0);
    return slots_.bodies[i]->run(inputs, slots_.captured[i], {}, outputs, control);
  }

  Status check_cancelled() const override { return control_.check(); }
  int threads() const override { return frame_.settings_.threads; }
  bool fast() const override { return frame_.settings_.fast; }
  std::mt19937_64& random() override { return frame_.random_; }

 private:
  Frame& frame_;
  const Step& step_;
  StepSlots& slots_;
  const RunControl& control_;
};

Frame::Frame(const Program& program, const RunSettings& settings)
    : program_(program),
      settings_(settings),
      values_(program.constants().begin(), program.constants().end()),
      random_(std::random_device()()) {
  const auto at = [&](int slot) {
    return slot < 0 ? nullptr : &values_[static_cast<size_t>(slot)];
  };
  for (const Step& step : program.steps()) {
    StepSlots slots;
    for (const int slot : step.inputs) slots.inputs.push_back(at(slot));
    for (const int slot : step.outputs) slots.outputs.push_back(at(slot));
    slots.bodies.resize(step.bodies.size());
    for (const Body& body : step.bodies) {
      std::vector<const Datum*> captured;
      for (const graph::Capture& capture : body.captures) captured.push_back(at(capture.outer));
      slots.captured.push_back(std::move(captured));
    }
    slots_.push_back(std::move(slots));
  }
  trace_.bytes.resize(values_.size());
  trace_.shares.resize(values_.size());
}

bool Frame::in_arena(const Datum& datum) const {
  const std::byte* data = datum.bytes();
  return !datum.buffer() && data >= arena_.data() && data < arena_.data() + arena_.size();
}

// The memory of an input that ends here, for the output `slot`.
bool Frame::take_over(const Step& step, int slot, DType dtype, const Shape& shape, size_t bytes,
                      Datum& result) {
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    if (!step.dies[i]) continue;
    const Datum& input = values_[static_cast<size_t>(step.inputs[i])];
    if (!input.is_tensor() || input.dtype() == DType::kString || input.byte_size() != bytes) {
      continue;
    }
    const int root = program_.root(step.inputs[i]);
    if (in_arena(input)) {
      if (plan_->shares[static_cast<size_t>(slot)] != root) continue;
      result = Datum::borrow(dtype, shape, input.bytes());
    } else {
      if (!input.buffer().unique() || input.buffer().data() != input.bytes()) continue;
      // A plan that gives the output a place of its own stays as it is.
      if (plan_ != nullptr && plan_->shares[static_cast<size_t>(slot)] != root &&
          plan_->bytes[static_cast<size_t>(slot)] > 0) {
        continue;
      }
      result = Datum::of(dtype, shape, input.buffer());
    }
    trace_.shares[static_cast<size_t>(slot)] = root;
    return true;
  }
  return false;
}

Result<Datum> Frame::place(const Step& step, int slot, DType dtype, const Shape& shape) {
  if (dtype == DType::kString) return Datum::create(dtype, shape);
  ASSIGN_OR_RETURN(const size_t bytes, dtype_bytes(dtype, shape.count()));
  const auto at = static_cast<size_t>(slot);
  if (!program_.plannable(program_.root(slot))) {
    ASSIGN_OR_RETURN(Buffer buffer, settings_.pool->take(bytes));
    return Datum::of(dtype, shape, std::move(buffer));
  }
  if (program_.root(slot) != slot) {  // expected to view an input, and does not
    ASSIGN_OR_RETURN(Buffer buffer, Buffer::allocate(bytes));
    return Datum::of(dtype, shape, std::move(buffer));
  }
  trace_.bytes[at] = std::max<size_t>(bytes, 1);
  Datum result;
  if (step.memory == ops::Memory::kInPlace && bytes > 0 &&
      take_over(step, slot, dtype, shape, bytes, result)) {
    return result;
  }
  if (plan_ != nullptr && plan_->shares[at] < 0 && bytes <= plan_->layout.sizes[at] &&
      plan_->layout.offsets[at] != MemoryPlan::kNone) {
    return Datum::borrow(dtype, shape, arena_.data() + plan_->layout.offsets[at]);
  }
  outgrown_ = true;
  ASSIGN_OR_RETURN(Buffer buffer,
                   unplanned_ != nullptr ? unplanned_->take(bytes) : Buffer::allocate(bytes));
  return Datum::of(dtype, shape, std::move(buffer));
}

void Frame::adopt_plan() {
  const std::shared_ptr<const ArenaPlan> newest = program_.plan();
  if (newest == plan_) return;
  plan_ = newest;
  if (plan_ == nullptr || plan_->layout.total <= arena_.size()) return;
  arena_ = Buffer();
  Result<Buffer> arena = Buffer::allocate(plan_->layout.total);
  if (arena.ok()) {
    arena_ = std::move(arena).value();
  } else {
    plan_ = nullptr;  // value by value it may still fit
  }
}

void Frame::release_values() {
  const std::span<const Datum> constants = program_.constants();
  for (size_t i = 0; i < values_.size(); ++i) {
    if (constants[i].is_none() || program_.graph().value(static_cast<int>(i)).producer >= 0) {
      values_[i] = Datum();
    } else {
      values_[i] = constants[i];
    }
  }
}

Status Frame::run(std::span<const Datum> inputs, std::span<const Datum* const> captured,
                  std::span<const bool> wanted, std::span<Datum> outputs,
                  const RunControl& control) {
  const graph::Graph& graph = program_.graph();
  const size_t required = graph.inputs.size();
  if (inputs.size() < required || inputs.size() > required + graph.optional_inputs.size()) {
    return invalid_argument("expected {} inputs of the body, found {}", required, inputs.size());
  }
  adopt_plan();
  trace_.clear();
  outgrown_ = plan_ == nullptr;
#ifndef __SANITIZE_ADDRESS__  // it watches what malloc gives
  if (outgrown_) unplanned_ = MemoryRange::create();
#endif
  has_room_ = control.state_stays;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const graph::ValueId id = i < required ? graph.inputs[i] : graph.optional_inputs[i - required];
    // An optional input that is absent keeps its constant.
    if (!inputs[i].is_none() || i < required) values_[static_cast<size_t>(id)] = inputs[i];
    has_room_ |= !inputs[i].is_dense();
  }
  for (size_t i = 0; i < captured.size(); ++i) {
    has_room_ |= !captured[i]->is_dense();
    values_[static_cast<size_t>(graph.captures[i].inner)] = *captured[i];
  }
  Status status = run_steps(control);
  for (size_t i = 0; i < outputs.size() && status.ok(); ++i) {
    if (!wanted.empty() && !wanted[i]) continue;
    Result<Datum> owned = values_[static_cast<size_t>(graph.outputs[i])].to_owned();
    if (owned.ok()) {
      outputs[i] = std::move(owned).value();
    } else {
      status = owned.status();
    }
  }
  release_values();
  unplanned_.reset();
  if (status.ok() && outgrown_) program_.grow_plan(trace_);
  return status;
}

Status Frame::run_steps(const RunControl& control) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (control.cancelled != nullptr || control.deadline) RETURN_IF_ERROR(control.check());
    Status status = run_step(i, control);
    if (!status.ok()) return status.with_context(program_.steps()[i].describe());
  }
  return Status();
}

Status Frame::run_step(size_t index, const RunControl& control) {
  const Step& step = program_.steps()[index];
  if (has_room_) RETURN_IF_ERROR(make_dense(step));
  StepCall call(*this, index, control);
  scratch_used_ = scratch_wanted_ = 0;
  Status status;
  if (settings_.profile == nullptr) {
    status = step.kernel->run(call);
  } else {
    const ProfiledStep timed(*settings_.profile, step);
    status = step.kernel->run(call);
  }
  if (!more_scratch_.empty()) {
    more_scratch_.clear();
    scratch_ = Buffer();
    if (Result<Buffer> larger = Buffer::allocate(scratch_wanted_ + scratch_wanted_ / 4);
        larger.ok()) {
      scratch_ = std::move(larger).value();
    }
  }
  unwanted_.clear();
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(keep_outputs(step));
  for (const int slot : step.dead) values_[static_cast<size_t>(slot)] = Datum();
  return Status();
}

// Few kernels know tensors with room for more rows.
Status Frame::make_dense(const Step& step) {
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    if (step.inputs[i] < 0) continue;
    Datum& value = values_[static_cast<size_t>(step.inputs[i])];
    if (value.is_dense() || step.kernel->takes_room(i)) continue;
    ASSIGN_OR_RETURN(value, value.to_dense());
  }
  return Status();
}

// An output that borrows somebody's memory is copied, unless the plan knows that it does.
Status Frame::keep_outputs(const Step& step) {
  for (const int slot : step.outputs) {
    if (slot < 0) continue;
    Datum& value = values_[static_cast<size_t>(slot)];
    if (value.owned()) continue;
    if (program_.root(slot) != slot) continue;
    const bool own_place = plan_ != nullptr && in_arena(value) &&
                           plan_->layout.offsets[static_cast<size_t>(slot)] ==
                               static_cast<size_t>(value.bytes() - arena_.data());
    if (own_place) continue;
    ASSIGN_OR_RETURN(value, value.to_owned());
  }
  return Status();
}

}  // namespace escuta::engine
