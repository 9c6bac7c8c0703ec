// A graph made ready to run on the host: a kernel per node in order, values as numbered slots.
//
// Immutable after build(); any number of threads run it, each with a Frame of its own (frame.h).
// Borrows from the model, which outlives it.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/memory_plan.h"
#include "graph/graph.h"
#include "ops/operator.h"

namespace escuta::engine {

// A kernel for a node, and what the executor must know of it.
struct ChosenKernel {
  ops::KernelPtr kernel;
  ops::Memory memory = ops::Memory::kNew;
  // Inputs that the kernel keeps in a form of its own (packed weights): not given to run().
  std::vector<size_t> kept_inputs;
};

// How a provider chooses: its own kernel, or op.create().
using ChooseKernel =
    std::function<Result<ChosenKernel>(const ops::Operator& op, const ops::NodeInfo& node)>;

class Program;

// A graph attribute of a node.
struct Body {
  std::unique_ptr<Program> program;
  std::vector<graph::Capture> captures;  // slots of the body, slots of the graph around it
};

struct Step {
  const graph::Node* node = nullptr;
  ops::KernelPtr kernel;
  ops::Memory memory = ops::Memory::kNew;
  std::vector<int> inputs;   // slots; -1: absent, or kept by the kernel
  std::vector<int> outputs;  // slots; -1: not wanted
  std::vector<int> dead;     // slots of which this is the last use
  std::vector<bool> dies;    // per input: whether its memory is free to overwrite here
  std::vector<Body> bodies;  // NodeInfo::body
  std::string describe() const { return node->to_string(); }
};

// What a run needed, per slot: what the next plan is made from.
struct RunTrace {
  std::vector<size_t> bytes;  // the most that was asked for; 0: nothing
  std::vector<int> shares;    // the root whose memory was taken over; -1: none
  void clear() {
    std::fill(bytes.begin(), bytes.end(), 0);
    std::fill(shares.begin(), shares.end(), -1);
  }
};

// A place in the arena per slot. Slots that take over another's memory have its place.
struct ArenaPlan {
  MemoryPlan layout;
  std::vector<size_t> bytes;  // that each slot asked for so far
  std::vector<int> shares;    // as RunTrace::shares; kNever once a run could not share
  static constexpr int kNever = -2;
};

class Program {
 public:
  // NotFound: an operator that nobody has; InvalidArgument: a node that its operator refuses. The
  // message names node, operator, domain and version.
  static Result<std::unique_ptr<Program>> build(const graph::Model& model,
                                                const graph::Graph& graph,
                                                const ChooseKernel& choose);

  const graph::Graph& graph() const { return *graph_; }
  std::span<const Step> steps() const { return steps_; }
  size_t slot_count() const { return constants_.size(); }
  // Per slot: the value that is known beforehand; none for all others.
  std::span<const Datum> constants() const { return constants_; }
  // Per slot: the slot whose memory it shares because it views it (itself, as a rule).
  int root(int slot) const { return roots_[static_cast<size_t>(slot)]; }
  // Per slot: whether the executor may place it in the arena: made by a step and not handed out.
  bool plannable(int slot) const { return plannable_[static_cast<size_t>(slot)]; }

  // Whether all that reads the slot does what ops::SharesItems::takes_fewer_items says.
  bool takes_fewer_items(int slot) const;

  // Steps at which the root's memory is in use; bytes are 0.
  const std::vector<Lifetime>& lifetimes() const { return lifetimes_; }

  // The newest plan; nullptr before the first run has ended. Any thread.
  std::shared_ptr<const ArenaPlan> plan() const;
  // Makes a plan that has room for what a run needed beyond the present one.
  void grow_plan(const RunTrace& trace) const;

 private:
  Program() = default;
  Status add_constants();
  Status add_step(const graph::Model& model, graph::NodeId id, const ChooseKernel& choose);
  void find_lifetimes();

  const graph::Graph* graph_ = nullptr;
  std::vector<Step> steps_;
  std::vector<Datum> constants_;
  std::vector<int> roots_;
  std::vector<bool> plannable_;
  std::vector<Lifetime> lifetimes_;
  mutable std::mutex plan_mutex_;
  mutable std::shared_ptr<const ArenaPlan> plan_;
};

}  // namespace escuta::engine
