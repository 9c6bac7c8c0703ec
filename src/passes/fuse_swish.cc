// x * Sigmoid(alpha x) -> Swish of ai.onnx 24 (Ramachandran, Zoph, Le, 2017), SiLU where alpha
// is 1. Nobody else may read what is in between.
#include "passes/match.h"
#include "passes/pass.h"

namespace escuta::passes {
namespace {

using graph::kNoNode;
using graph::kNoValue;
using graph::NodeId;
using graph::ValueId;

class Fuser {
 public:
  explicit Fuser(graph::Graph& graph) : rewriter_(graph) {}

  Status run() {
    const size_t count = rewriter_.graph().nodes().size();
    for (size_t i = 0; i < count; ++i) fuse(static_cast<NodeId>(i));
    return rewriter_.finish();
  }

 private:
  void fuse(NodeId id) {
    const graph::Node& sigmoid = rewriter_.node(id);
    if (sigmoid.op_type != "Sigmoid" || !sigmoid.domain.empty() || sigmoid.inputs.size() != 1) {
      return;
    }
    const ValueId argument = sigmoid.inputs[0], gate = sigmoid.outputs[0];
    const NodeId last = rewriter_.only_user(gate);
    if (!is_binary(rewriter_, last, "Mul")) return;
    const ValueId x = other_operand(rewriter_.node(last), gate);
    if (x == kNoValue) return;
    double alpha = 1;
    if (x != argument) {
      const NodeId scaling = rewriter_.value(argument).producer;
      if (scaling == kNoNode || rewriter_.only_user(argument) != id) return;
      const auto found = scaled(rewriter_, scaling);
      if (!found || found->x != x || found->factor == 0) return;
      alpha = found->factor;
    }
    graph::Node swish;
    swish.name = sigmoid.name;
    swish.op_type = "Swish";
    swish.opset = 24;
    swish.inputs = {x};
    if (alpha != 1) swish.attributes.push_back(make_attribute("alpha", static_cast<float>(alpha)));
    put_node(rewriter_, std::move(swish), rewriter_.node(last).outputs[0]);
  }

  graph::Rewriter rewriter_;
};

}  // namespace

Status fuse_swish(graph::Model& model) {
  return for_each_graph(model, [](graph::Graph& graph) { return Fuser(graph).run(); });
}

}  // namespace escuta::passes
