#include "passes/pass.h"

#include <algorithm>

#include "passes/expand_gradients.h"
#include "passes/infer.h"
#include "passes/inline_functions.h"

namespace escuta::passes {

#define PASS(name, summary) Status name(graph::Model& model);
#include "passes/list.inc"
#undef PASS

std::span<const Pass> all_passes() {
  static const Pass passes[] = {
#define PASS(name, summary) {#name, summary, name},
#include "passes/list.inc"
#undef PASS
  };
  return passes;
}

int count_nodes(const graph::Graph& graph) {
  int count = static_cast<int>(graph.nodes().size());
  for (const graph::Node& node : graph.nodes()) {
    for (const graph::GraphPtr& body : node.subgraphs()) count += count_nodes(*body);
  }
  return count;
}

Status for_each_graph(graph::Graph& graph, const std::function<Status(graph::Graph&)>& function) {
  const auto change = [&](graph::GraphPtr& body) -> Status {
    auto copy = std::make_shared<graph::Graph>(*body);
    RETURN_IF_ERROR(for_each_graph(*copy, function));
    body = std::move(copy);
    return Status();
  };
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    for (graph::Attribute& attribute : graph.node(static_cast<graph::NodeId>(i)).attributes) {
      if (auto* body = std::get_if<graph::GraphPtr>(&attribute.value)) {
        RETURN_IF_ERROR(change(*body));
      } else if (auto* bodies = std::get_if<std::vector<graph::GraphPtr>>(&attribute.value)) {
        for (graph::GraphPtr& each : *bodies) RETURN_IF_ERROR(change(each));
      }
    }
  }
  return function(graph);
}

Status for_each_graph(graph::Model& model, const std::function<Status(graph::Graph&)>& function) {
  return for_each_graph(model.graph, function);
}

namespace {

Status check_names(std::span<const std::string> names) {
  for (const std::string& name : names) {
    const auto passes = all_passes();
    const bool known = name == "all" || std::any_of(passes.begin(), passes.end(),
                                                    [&](const Pass& p) { return p.name == name; });
    if (known) continue;
    std::string list = "all";
    for (size_t i = 0; i < passes.size(); ++i) {
      const bool named = std::any_of(passes.begin(), passes.begin() + static_cast<long>(i),
                                     [&](const Pass& p) { return p.name == passes[i].name; });
      if (!named) list += ", " + std::string(passes[i].name);
    }
    return not_found("expected the name of a pass ({}), found `{}`", list, name);
  }
  return Status();
}

// A caller may replace the value of an optional input, so nothing may be concluded from it. Before
// IR version 4 every initializer had to be listed as an input, and none was meant to be replaced.
void set_defaults_apart(graph::Model& model) {
  constexpr int64_t kFirstWithDefaults = 4;
  if (model.ir_version < kFirstWithDefaults) {
    model.graph.optional_inputs.clear();
    return;
  }
  for (const graph::ValueId id : model.graph.optional_inputs) {
    graph::Value& value = model.graph.value(id);
    if (value.fact.constant != nullptr) value.default_value = std::move(value.fact.constant);
    value.fact.constant = nullptr;
  }
}

}  // namespace

Result<graph::Model> optimize(const graph::Model& model, const OptimizeOptions& options) {
  RETURN_IF_ERROR(check_names(options.off));
  graph::Model result = model;
  set_defaults_apart(result);
  RETURN_IF_ERROR(expand_gradients(result));
  RETURN_IF_ERROR(inline_functions(result));
  RETURN_IF_ERROR(infer(result));
  const auto off = [&](std::string_view name) {
    return std::find(options.off.begin(), options.off.end(), name) != options.off.end();
  };
  if (off("all")) return result;
  for (const Pass& pass : all_passes()) {
    if (off(pass.name)) continue;
    const int before = count_nodes(result.graph);
    Status status = pass.run(result);
    if (status.ok()) status = infer(result);
    if (!status.ok()) return status.with_context(pass.name);
    if (options.report) options.report({pass.name, before, count_nodes(result.graph)});
  }
  return result;
}

}  // namespace escuta::passes
