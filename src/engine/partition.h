// A model split among providers: which nodes each one runs, and running the parts one after
// another.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/provider.h"

namespace escuta::engine {

// Nodes that one provider runs together.
struct Part {
  size_t provider = 0;  // position in the list
  std::vector<graph::NodeId> nodes;
};

// Why a node is not with the first provider.
struct StepDown {
  graph::NodeId node;
  std::string reason;
};

struct Partition {
  std::vector<Part> parts;  // in an order in which they can run
  std::vector<StepDown> steps_down;
};

// Gives each node to the first of `providers` that does not refuse it, in as few parts as its place
// in the graph allows. Unimplemented when all refuse a node: the message has every reason.
Result<Partition> partition(const graph::Model& model, std::span<const Provider* const> providers);

// The parts of a model, each compiled by its provider. Values go from one to the other as handles.
class PartitionedExecutable final : public Executable {
 public:
  static Result<std::unique_ptr<PartitionedExecutable>> create(
      const graph::Model& model, const Partition& partition,
      std::span<const Provider* const> providers, const CompileOptions& options);

  std::span<const IoInfo> inputs() const override { return inputs_; }
  std::span<const IoInfo> outputs() const override { return outputs_; }
  std::span<const Assignment> assignments() const override { return assignments_; }
  Status run(std::span<const Value> inputs, std::span<const bool> wanted, std::span<Value> outputs,
             const RunControl& control) const override;
  Result<std::filesystem::path> end_profiling() override;

 private:
  struct Compiled {
    std::unique_ptr<Executable> executable;
    std::vector<int> inputs, outputs;  // values of the model
  };
  std::vector<IoInfo> inputs_, outputs_;
  std::vector<int> input_values_, output_values_;
  std::vector<Value> constants_;  // per output: its value where no node makes it
  size_t value_count_ = 0;
  std::vector<Compiled> parts_;
  std::vector<Assignment> assignments_;
};

}  // namespace escuta::engine
