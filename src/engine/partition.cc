#include "engine/partition.h"

#include <algorithm>
#include <map>

#include "engine/check_inputs.h"
#include "graph/extract.h"
#include "graph/rewriter.h"

namespace escuta::engine {
namespace {

using graph::NodeId;

// Per node the first provider that takes it.
Result<std::vector<size_t>> choose_providers(const graph::Model& model,
                                             std::span<const Provider* const> providers,
                                             std::vector<StepDown>& steps_down) {
  const size_t count = model.graph.nodes().size();
  std::vector<size_t> chosen(count, providers.size());
  std::vector<std::string> reasons(count);
  for (size_t p = 0; p < providers.size(); ++p) {
    std::vector<bool> refused(count);
    for (const Refusal& refusal : providers[p]->refusals(model)) {
      const auto node = static_cast<size_t>(refusal.node);
      refused[node] = true;
      if (chosen[node] != providers.size()) continue;
      reasons[node] += fmt::format("{}{}: {}", reasons[node].empty() ? "" : "; ",
                                   providers[p]->name(), refusal.reason);
    }
    for (size_t node = 0; node < count; ++node) {
      if (chosen[node] == providers.size() && !refused[node]) chosen[node] = p;
    }
  }
  for (size_t node = 0; node < count; ++node) {
    const auto id = static_cast<NodeId>(node);
    if (chosen[node] == providers.size()) {
      return unimplemented("nobody runs {}: {}", model.graph.node(id).to_string(), reasons[node]);
    }
    if (chosen[node] > 0) steps_down.push_back({id, reasons[node]});
  }
  return chosen;
}

}  // namespace

// A node's level is the number of changes of provider on the way to it. Nodes of one provider and
// level do not need each other through another provider, so they are one part, and levels in rising
// order are an order in which parts can run.
Result<Partition> partition(const graph::Model& model, std::span<const Provider* const> providers) {
  Partition result;
  ASSIGN_OR_RETURN(const std::vector<size_t> chosen,
                   choose_providers(model, providers, result.steps_down));
  std::vector<int> levels(chosen.size());
  std::map<std::pair<int, size_t>, std::vector<NodeId>> parts;
  for (size_t i = 0; i < chosen.size(); ++i) {
    for (const graph::ValueId input : graph::inputs_of(model.graph.node(static_cast<NodeId>(i)))) {
      if (input == graph::kNoValue) continue;
      const NodeId made_by = model.graph.value(input).producer;
      if (made_by == graph::kNoNode) continue;
      const auto before = static_cast<size_t>(made_by);
      levels[i] = std::max(levels[i], levels[before] + (chosen[before] != chosen[i] ? 1 : 0));
    }
    parts[{levels[i], chosen[i]}].push_back(static_cast<NodeId>(i));
  }
  for (auto& [key, nodes] : parts) result.parts.push_back({key.second, std::move(nodes)});
  return result;
}

Result<std::unique_ptr<PartitionedExecutable>> PartitionedExecutable::create(
    const graph::Model& model, const Partition& partition,
    std::span<const Provider* const> providers, const CompileOptions& asked) {
  CompileOptions options = asked;
  options.compact_states.clear();  // one part may not know the type that another one chose
  auto made = std::make_unique<PartitionedExecutable>();
  const graph::Graph& graph = model.graph;
  made->inputs_ = input_infos(graph);
  made->outputs_ = output_infos(graph);
  made->value_count_ = graph.values().size();
  for (const IoInfo& io : made->inputs_) made->input_values_.push_back(graph.find(io.name));
  for (const IoInfo& io : made->outputs_) made->output_values_.push_back(graph.find(io.name));
  for (const int id : made->output_values_) {
    const graph::ConstantPtr& constant = graph.value(id).fact.constant;
    Value value;
    if (constant != nullptr) {
      ASSIGN_OR_RETURN(Tensor copy, Tensor::create(constant->dtype, constant->shape));
      std::copy(constant->bytes.begin(), constant->bytes.end(), copy.bytes().begin());
      value = Value::of(std::move(copy));
    }
    made->constants_.push_back(std::move(value));
  }
  made->assignments_.resize(providers.size());
  for (size_t p = 0; p < providers.size(); ++p) {
    made->assignments_[p].provider = std::string(providers[p]->name());
  }
  for (const Part& part : partition.parts) {
    auto extracted = std::make_shared<const graph::Model>(graph::extract(model, part.nodes));
    const Provider& provider = *providers[part.provider];
    Result<std::unique_ptr<Executable>> executable = provider.compile(extracted, options);
    if (!executable.ok()) {
      return executable.status().with_context(
          fmt::format("{}, for {} nodes from {}", provider.name(), part.nodes.size(),
                      graph.node(part.nodes.front()).to_string()));
    }
    Compiled compiled;
    compiled.executable = std::move(executable).value();
    for (const IoInfo& io : compiled.executable->inputs()) {
      compiled.inputs.push_back(graph.find(io.name));
    }
    for (const IoInfo& io : compiled.executable->outputs()) {
      compiled.outputs.push_back(graph.find(io.name));
    }
    made->assignments_[part.provider].nodes += static_cast<int>(part.nodes.size());
    made->parts_.push_back(std::move(compiled));
  }
  std::erase_if(made->assignments_, [](const Assignment& share) { return share.nodes == 0; });
  return made;
}

Status PartitionedExecutable::run(std::span<const Value> inputs, std::span<const bool> wanted,
                                  std::span<Value> outputs, const RunControl& control) const {
  RETURN_IF_ERROR(check_run(inputs_, outputs_, inputs, wanted));
  std::vector<Value> values(value_count_);
  for (size_t i = 0; i < inputs.size(); ++i) {
    values[static_cast<size_t>(input_values_[i])] = inputs[i];
  }
  std::vector<Value> part_inputs, part_outputs;
  for (const Compiled& part : parts_) {
    RETURN_IF_ERROR(control.check());
    part_inputs.clear();
    for (const int value : part.inputs) part_inputs.push_back(values[static_cast<size_t>(value)]);
    part_outputs.assign(part.outputs.size(), Value());
    RETURN_IF_ERROR(part.executable->run(part_inputs, {}, part_outputs, control));
    for (size_t i = 0; i < part.outputs.size(); ++i) {
      values[static_cast<size_t>(part.outputs[i])] = std::move(part_outputs[i]);
    }
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const bool want = wanted.empty() || wanted[i];
    const Value& made = values[static_cast<size_t>(output_values_[i])];
    outputs[i] = !want ? Value() : made ? made : constants_[i];
  }
  return Status();
}

Result<std::filesystem::path> PartitionedExecutable::end_profiling() {
  return unimplemented("expected a model on one provider, found one in {} parts: no one profile",
                       parts_.size());
}

}  // namespace escuta::engine
