#include "engine/program.h"

#include <algorithm>
#include <cstring>

#include "onnx/limits.h"
#include "ops/resolve.h"
#include "ops/shared_items.h"
#include "ops/sparse_tensor.h"

namespace escuta::engine {
namespace {

// Small constants of a mapped file are copied: each would hold its page and those around it, which
// the system reads along, and among weights that kernels keep packed the others are for nothing.
constexpr size_t kCopiedBytes = size_t{64} << 10;

// Elements that C++ may read: a model's bytes can begin at any address.
Result<Datum> host_constant(const graph::ConstantPtr& shared) {
  const graph::Constant& constant = *shared;
  if (constant.dtype == DType::kString) {
    const size_t bytes = constant.strings.size() * sizeof(std::string);
    return Datum::of(constant.dtype, constant.shape,
                     Buffer::foreign(constant.strings.data(), bytes, shared));
  }
  const size_t alignment = std::max(dtype_bits(constant.dtype) / 8, 1);
  const bool aligned =
      reinterpret_cast<uintptr_t>(constant.bytes.data()) % std::min<size_t>(alignment, 8) == 0;
  if (aligned && (!constant.mapped || constant.bytes.size() > kCopiedBytes)) {
    return Datum::of(constant.dtype, constant.shape,
                     Buffer::foreign(constant.bytes.data(), constant.bytes.size(), constant.owner));
  }
  ASSIGN_OR_RETURN(Datum copy, Datum::create(constant.dtype, constant.shape));
  std::memcpy(copy.mutable_bytes(), constant.bytes.data(), constant.bytes.size());
  return copy;
}

// Bytes of the sparse tensors of a graph and its bodies when they are dense; up to `limit`.
size_t dense_bytes(const graph::Graph& graph, size_t limit) {
  size_t bytes = 0;
  const auto add = [&](size_t more) { bytes = more > limit - bytes ? limit : bytes + more; };
  for (const graph::Value& value : graph.values()) {
    if (value.sparse == nullptr) continue;
    const auto sparse = ops::SparseTensor::create(*value.sparse);
    if (!sparse.ok()) continue;  // its own error comes later
    const auto each = static_cast<size_t>(std::max(dtype_bits(sparse->dtype()) / 8, 1));
    const auto count = static_cast<size_t>(sparse->shape().count());
    add(count > limit / each ? limit : count * each);
  }
  for (const graph::Node& node : graph.nodes()) {
    for (const graph::GraphPtr& body : node.subgraphs()) add(dense_bytes(*body, limit));
  }
  return bytes;
}

}  // namespace

Result<std::unique_ptr<Program>> Program::build(const graph::Model& model,
                                                const graph::Graph& graph,
                                                const ChooseKernel& choose) {
  // A few bytes of a file can stand for any number of zeros.
  if (dense_bytes(graph, onnx::kMemoryFloor + 1) > onnx::kMemoryFloor) {
    return resource_exhausted("the model's sparse tensors: expected at most {} bytes when dense",
                              onnx::kMemoryFloor);
  }
  std::unique_ptr<Program> program(new Program);
  program->graph_ = &graph;
  program->constants_.resize(graph.values().size());
  for (size_t slot = 0; slot < graph.values().size(); ++slot) {
    program->roots_.push_back(static_cast<int>(slot));
  }
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    RETURN_IF_ERROR(program->add_step(model, static_cast<graph::NodeId>(i), choose));
  }
  RETURN_IF_ERROR(program->add_constants());
  program->find_lifetimes();
  return program;
}

Status Program::add_step(const graph::Model& model, graph::NodeId id, const ChooseKernel& choose) {
  const graph::Node& node = graph_->node(id);
  ASSIGN_OR_RETURN(const ops::Resolved resolved, ops::resolve(model, node));
  std::vector<const graph::Fact*> facts;
  for (const graph::ValueId input : node.inputs) {
    facts.push_back(input == graph::kNoValue ? nullptr : &graph_->value(input).fact);
  }
  const ops::NodeInfo info(node, resolved.version, std::move(facts));
  Result<ChosenKernel> chosen = choose(*resolved.op, info);
  if (!chosen.ok()) return chosen.status().with_context(node.to_string());
  Step step;
  step.node = &node;
  step.kernel = std::move(chosen->kernel);
  step.memory = chosen->memory;
  step.inputs.assign(node.inputs.begin(), node.inputs.end());
  for (const size_t kept : chosen->kept_inputs) step.inputs[kept] = -1;
  step.outputs.assign(node.outputs.begin(), node.outputs.end());
  for (const graph::GraphPtr& body : node.subgraphs()) {
    ASSIGN_OR_RETURN(auto program, build(model, *body, choose));
    step.bodies.push_back({std::move(program), body->captures});
  }
  if (step.memory == ops::Memory::kView && !step.outputs.empty() && step.outputs[0] >= 0 &&
      !step.inputs.empty() && step.inputs[0] >= 0) {
    roots_[static_cast<size_t>(step.outputs[0])] = root(step.inputs[0]);
  }
  steps_.push_back(std::move(step));
  return Status();
}

// Only constants that something reads: weights that kernels keep packed are left where they are.
Status Program::add_constants() {
  const auto add = [&](int slot) -> Status {
    if (slot < 0 || !constants_[static_cast<size_t>(slot)].is_none()) return Status();
    const graph::Value& value = graph_->value(slot);
    if (value.sparse != nullptr) {
      ASSIGN_OR_RETURN(const auto sparse, ops::SparseTensor::create(*value.sparse));
      ASSIGN_OR_RETURN(constants_[static_cast<size_t>(slot)], sparse.to_datum(onnx::kMemoryFloor));
      return Status();
    }
    const graph::ConstantPtr& constant =
        value.fact.constant != nullptr ? value.fact.constant : value.default_value;
    if (constant == nullptr) return Status();
    ASSIGN_OR_RETURN(constants_[static_cast<size_t>(slot)], host_constant(constant));
    return Status();
  };
  for (const Step& step : steps_) {
    for (const int slot : step.inputs) RETURN_IF_ERROR(add(slot));
    for (const Body& body : step.bodies) {
      for (const graph::Capture& capture : body.captures) RETURN_IF_ERROR(add(capture.outer));
    }
  }
  for (const graph::ValueId output : graph_->outputs) RETURN_IF_ERROR(add(output));
  for (const graph::ValueId input : graph_->optional_inputs) RETURN_IF_ERROR(add(input));
  return Status();
}

void Program::find_lifetimes() {
  const size_t count = roots_.size();
  lifetimes_.assign(count, {});
  plannable_.assign(count, false);
  std::vector<int> last_use(count, -1);
  const auto use = [&](int slot, int step) {
    if (slot < 0) return;
    last_use[static_cast<size_t>(slot)] = step;
    lifetimes_[static_cast<size_t>(root(slot))].last = step;
  };
  for (size_t i = 0; i < steps_.size(); ++i) {
    const int at = static_cast<int>(i);
    for (const int slot : steps_[i].outputs) {
      if (slot < 0) continue;
      if (root(slot) == slot) {
        plannable_[static_cast<size_t>(slot)] = true;
        lifetimes_[static_cast<size_t>(slot)].first = at;
      }
      use(slot, at);
    }
    for (const int slot : steps_[i].inputs) use(slot, at);
    for (const Body& body : steps_[i].bodies) {
      for (const graph::Capture& capture : body.captures) use(capture.outer, at);
    }
  }
  for (const graph::ValueId output : graph_->outputs) {
    plannable_[static_cast<size_t>(root(output))] = false;
    use(output, static_cast<int>(steps_.size()));
  }
  for (size_t slot = 0; slot < count; ++slot) {
    const int step = last_use[slot];
    if (step < 0 || step == static_cast<int>(steps_.size())) continue;
    if (graph_->value(static_cast<int>(slot)).producer == graph::kNoNode) continue;
    steps_[static_cast<size_t>(step)].dead.push_back(static_cast<int>(slot));
  }
  for (size_t i = 0; i < steps_.size(); ++i) {
    Step& step = steps_[i];
    for (const int slot : step.inputs) {
      step.dies.push_back(slot >= 0 && plannable(root(slot)) &&
                          lifetimes_[static_cast<size_t>(root(slot))].last == static_cast<int>(i));
    }
  }
}

std::shared_ptr<const ArenaPlan> Program::plan() const {
  const std::lock_guard lock(plan_mutex_);
  return plan_;
}

bool Program::takes_fewer_items(int slot) const {
  for (const Step& step : steps_) {
    const auto* sharing = dynamic_cast<const ops::SharesItems*>(step.kernel.get());
    for (size_t i = 0; i < step.inputs.size(); ++i) {
      if (step.inputs[i] != slot) continue;
      if (sharing == nullptr || !sharing->takes_fewer_items(i)) return false;
    }
    for (const Body& body : step.bodies) {
      for (const graph::Capture& capture : body.captures) {
        if (capture.outer == slot && !body.program->takes_fewer_items(capture.inner)) return false;
      }
    }
  }
  return true;
}

void Program::grow_plan(const RunTrace& trace) const {
  const std::lock_guard lock(plan_mutex_);
  const size_t count = lifetimes_.size();
  auto next = std::make_shared<ArenaPlan>();
  if (plan_ != nullptr) {
    *next = *plan_;
  } else {
    next->bytes.assign(count, 0);
    next->shares.assign(count, -1);
  }
  std::vector<Lifetime> lives = lifetimes_;
  for (size_t i = 0; i < count; ++i) {
    const size_t had = next->bytes[i];
    // What grew once grows again (a sequence, step by step): a quarter more spares most plans.
    if (trace.bytes[i] > had) {
      next->bytes[i] = had == 0 ? trace.bytes[i] : trace.bytes[i] + trace.bytes[i] / 4;
    }
    const bool ran = trace.bytes[i] > 0;
    const bool first = had == 0;
    if (ran && first) next->shares[i] = trace.shares[i];
    if (ran && next->shares[i] >= 0 && trace.shares[i] != next->shares[i]) {
      next->shares[i] = ArenaPlan::kNever;
    }
  }
  // Steps are in order, so the root of a chain is settled before those that join it.
  std::vector<size_t> roots(count);
  for (size_t i = 0; i < count; ++i) roots[i] = i;
  for (const Step& step : steps_) {
    for (const int slot : step.outputs) {
      if (slot < 0) continue;
      const auto i = static_cast<size_t>(slot);
      if (next->shares[i] >= 0) roots[i] = roots[static_cast<size_t>(next->shares[i])];
    }
  }
  for (size_t i = 0; i < count; ++i) {
    if (next->bytes[i] == 0) continue;
    Lifetime& life = lives[roots[i]];
    life.bytes = std::max(life.bytes, next->bytes[i]);
    life.first = std::min(life.first, lifetimes_[i].first);
    life.last = std::max(life.last, lifetimes_[i].last);
  }
  for (size_t i = 0; i < count; ++i) {
    if (roots[i] != i) lives[i].bytes = 0;
  }
  next->layout = plan_memory(lives);
  for (size_t i = 0; i < count; ++i) {
    next->layout.offsets[i] = next->layout.offsets[roots[i]];
    next->layout.sizes[i] = next->layout.sizes[roots[i]];
  }
  plan_ = std::move(next);
}

}  // namespace escuta::engine
