// Execution providers: who runs a graph. cpu (ours), ort and its execution providers, cuda.
//
// A provider claims nodes, with a reason for each refusal, and compiles what it claimed into an
// Executable. Providers never see each other, and nobody above engine/ sees a provider's types.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/value.h"
#include "graph/graph.h"

namespace escuta::engine {

// One input or output of a compiled graph. A dimension is -1 where it is not fixed; symbols has
// its name then ("batch_size"), or "".
struct IoInfo {
  std::string name;
  DType dtype = DType::kUndefined;
  std::vector<int64_t> dims;
  std::vector<std::string> symbols;
  // An input that may be left out: the model has a value for it, or its type is optional.
  bool optional = false;
  bool ranked = true;  // whether the number of dimensions is known
  std::string other;   // what it is, where it is not a tensor: "sequence of float"
};

// The inputs, optional inputs last, and the outputs of a graph.
std::vector<IoInfo> input_infos(const graph::Graph& graph);
std::vector<IoInfo> output_infos(const graph::Graph& graph);

// "float [batch_size, 80, 3000]"; a dimension without number or name is "?".
std::string describe(const IoInfo& io);

enum class OptimizationLevel { kNone, kBasic, kExtended, kAll };
enum class ExecutionMode { kSequential, kParallel };

// What products by weights are computed in.
enum class Precision {
  kModel,  // the types that the model has
  kInt8,   // 8-bit codes with a scale per column of the weights and per row on the left
};

// An output of which only some rows are wanted: a graph may be compiled so that it has a further
// input, int64 [n], that names them along `axis`, and computes no others. A provider that does not
// know how leaves the input out.
struct RowChoice {
  std::string output;
  int64_t axis = 0;
  std::string input;
};

// How a graph is compiled. A provider that cannot honour an option that was set refuses it.
struct CompileOptions {
  int threads = 0;           // inside one operator; 0: the cores this process may use
  int inter_op_threads = 0;  // between operators, in parallel mode; 0: as the provider likes
  ExecutionMode execution_mode = ExecutionMode::kSequential;
  OptimizationLevel optimization = OptimizationLevel::kAll;
  bool memory_arena = true;
  bool memory_pattern = true;
  std::filesystem::path profile;  // write a per-operator trace with this prefix
  // Write the graph as the provider optimised it; large weights go to <name>_data beside it.
  std::filesystem::path optimized_model;
  Precision precision = Precision::kModel;
  std::vector<RowChoice> row_choices;
  // Inputs and outputs that only ever carry state between sessions, in whatever type inputs() and
  // outputs() say: a provider may keep them smaller than the model does, where `precision` lets it.
  std::vector<std::string> compact_states;
  bool fast_kernels = true;             // false: only the plain loops that define each operator
  std::vector<std::string> passes_off;  // names of graph passes that are not to run; "all": none
  std::map<std::string, std::string> provider_options;  // the provider's own keys
  std::map<std::string, std::string> session_config;    // ONNX Runtime's "session.*" entries
};

// When a run is to end early: between operators, as far as the provider can.
struct RunControl {
  const std::atomic<bool>* cancelled = nullptr;  // becomes true: give up
  std::optional<std::chrono::steady_clock::time_point> deadline;
  // Whether outputs may be in a form that only their provider reads, with room to grow: they are
  // inputs of the next run (engine/state.h). Value::on_host() is false for such.
  bool state_stays = false;

  // Cancelled or DeadlineExceeded when it is time to give up.
  Status check() const;
};

// How many nodes of a compiled graph one provider runs.
struct Assignment {
  std::string provider;
  int nodes = 0;
};

// A compiled graph. Immutable; any number of threads may run it at once.
class Executable {
 public:
  virtual ~Executable() = default;

  virtual std::span<const IoInfo> inputs() const = 0;
  virtual std::span<const IoInfo> outputs() const = 0;

  // Who runs which share of the nodes, where the provider that compiled it hands some of them on;
  // empty: it runs them all itself.
  virtual std::span<const Assignment> assignments() const { return {}; }

  // inputs[i] is for inputs()[i]; an empty Value for an optional input that is absent. Sets
  // outputs[i], of outputs().size(); those not wanted (wanted[i] == false) become empty. An empty
  // `wanted` means all. Shapes and types are checked first: InvalidArgument says what was expected
  // and found. Cancelled, DeadlineExceeded: as `control` says. After an error outputs are as before
  // or empty.
  virtual Status run(std::span<const Value> inputs, std::span<const bool> wanted,
                     std::span<Value> outputs, const RunControl& control) const = 0;

  // Whether inputs()[i] may have fewer items (axis 0) than the other inputs: item b of the batch
  // then goes with item b / (batch / items) of it. Otherwise each has one of its own.
  virtual bool takes_fewer_items(size_t) const { return false; }

  // Ends profiling and returns the trace file; FailedPrecondition when it was not asked for.
  virtual Result<std::filesystem::path> end_profiling() = 0;
};

// What providers are made with.
struct ProviderOptions {
  std::vector<std::string> plugins;  // NAME=PATH: libraries for ONNX Runtime, as `ort:NAME`
};

// Whether a provider can be used on this machine, and if not, why and what to do.
struct Availability {
  bool available = false;
  std::string reason;   // for a person: what is missing and how to get it
  std::string version;  // "1.31.1"
  std::string device;   // "CPU", "NVIDIA H200", ...
};

// A node that a provider will not run.
struct Refusal {
  graph::NodeId node;
  std::string reason;
};

class Provider {
 public:
  virtual ~Provider() = default;

  virtual std::string_view name() const = 0;  // "ort", "ort:openvino"
  virtual const Availability& availability() const = 0;

  // The nodes it refuses; empty: it takes the whole graph.
  virtual std::vector<Refusal> refusals(const graph::Model& model) const = 0;

  // Compiles the whole model. Unavailable when the provider itself is.
  virtual Result<std::unique_ptr<Executable>> compile(std::shared_ptr<const graph::Model> model,
                                                      const CompileOptions& options) const = 0;
};

}  // namespace escuta::engine
