// Gelu of a sum with a vector -> BiasGelu of com.microsoft: the sum never goes to memory.
#include "passes/match.h"
#include "passes/pass.h"

namespace escuta::passes {
namespace {

using graph::kNoNode;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

// A float x + bias, read by nobody else, with a constant number for each of x's columns: x and
// bias.
std::vector<ValueId> biased(const graph::Rewriter& rewriter, ValueId sum) {
  const NodeId id = rewriter.value(sum).producer;
  if (!is_binary(rewriter, id, "Add") || rewriter.only_user(sum) == kNoNode) return {};
  const Node& add = rewriter.node(id);
  for (const size_t at : {1, 0}) {
    const graph::Fact& x = rewriter.value(add.inputs[1 - at]).fact;
    if (x.dtype == DType::kFloat && x.shape && !x.shape->empty() && x.shape->back().is_known() &&
        is_float_vector(rewriter.value(add.inputs[at]), x.shape->back().value())) {
      return {add.inputs[1 - at], add.inputs[at]};
    }
  }
  return {};
}

Status fuse(graph::Graph& graph) {
  graph::Rewriter rewriter(graph);
  const size_t count = graph.nodes().size();
  for (size_t i = 0; i < count; ++i) {
    const auto id = static_cast<NodeId>(i);
    const Node gelu = rewriter.node(id);
    const auto* form = gelu.get<std::string>("approximate");
    if (gelu.op_type != "Gelu" || !gelu.domain.empty() || (form != nullptr && *form != "none")) {
      continue;
    }
    std::vector<ValueId> inputs = biased(rewriter, gelu.inputs[0]);
    if (inputs.empty()) continue;
    Node fused;
    fused.name = gelu.name;
    fused.op_type = "BiasGelu";
    fused.domain = "com.microsoft";
    fused.opset = 1;
    fused.inputs = std::move(inputs);
    put_node(rewriter, std::move(fused), gelu.outputs[0]);
  }
  return rewriter.finish();
}

}  // namespace

Status fuse_bias_gelu(graph::Model& model) { return for_each_graph(model, fuse); }

}  // namespace escuta::passes
