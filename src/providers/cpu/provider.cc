#include "providers/cpu/provider.h"

#include <algorithm>

#include "base/cpu.h"
#include "ops/resolve.h"
#include "providers/cpu/executable.h"

namespace escuta::cpu {
namespace {

// The first node, of this graph or of a body in it, that no operator takes.
Status check_nodes(const graph::Model& model, const graph::Node& node) {
  const auto calls = [&](const graph::Function& function) {
    return function.name == node.op_type && function.domain == node.domain;
  };
  if (std::any_of(model.functions.begin(), model.functions.end(), calls)) return Status();
  RETURN_IF_ERROR(ops::resolve(model, node).status());
  for (const graph::GraphPtr& body : node.subgraphs()) {
    for (const graph::Node& inner : body->nodes()) {
      Status status = check_nodes(model, inner);
      if (!status.ok()) return status.with_context(inner.to_string());
    }
  }
  return Status();
}

class CpuProvider final : public engine::Provider {
 public:
  CpuProvider() : availability_{true, "", "", cpu_info().model} {}

  std::string_view name() const override { return "cpu"; }
  const engine::Availability& availability() const override { return availability_; }

  std::vector<engine::Refusal> refusals(const graph::Model& model) const override {
    std::vector<engine::Refusal> refused;
    for (size_t i = 0; i < model.graph.nodes().size(); ++i) {
      const auto id = static_cast<graph::NodeId>(i);
      const Status status = check_nodes(model, model.graph.node(id));
      if (!status.ok()) refused.push_back({id, std::string(status.message())});
    }
    return refused;
  }

  Result<std::unique_ptr<engine::Executable>> compile(
      std::shared_ptr<const graph::Model> model,
      const engine::CompileOptions& options) const override {
    ASSIGN_OR_RETURN(auto executable, CpuExecutable::create(std::move(model), weights_, options));
    return std::unique_ptr<engine::Executable>(std::move(executable));
  }

 private:
  engine::Availability availability_;
  mutable PackedWeights weights_;
};

}  // namespace

Status add_providers(engine::Registry& registry, const engine::ProviderOptions&) {
  registry.add(std::make_unique<CpuProvider>());
  return Status();
}

}  // namespace escuta::cpu
