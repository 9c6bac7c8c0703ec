// The nodes that exporters write for gelu -> Gelu of ai.onnx 20 (Hendrycks and Gimpel, 2016).
//
// Exact: x * (1 + erf(x / sqrt 2)) / 2; by tanh: x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
// / 2. The factors x, 1 + f and 1/2 come in any order. Nobody else may read what is in between.
#include <cmath>
#include <numbers>

#include "passes/match.h"
#include "passes/pass.h"

namespace escuta::passes {
namespace {

using graph::kNoNode;
using graph::kNoValue;
using graph::NodeId;
using graph::Rewriter;
using graph::ValueId;

class Fuser {
 public:
  explicit Fuser(graph::Graph& graph) : rewriter_(graph) {}

  Status run() {
    const size_t count = rewriter_.graph().nodes().size();
    for (size_t i = 0; i < count; ++i) {
      const auto id = static_cast<NodeId>(i);
      const graph::Node& node = rewriter_.node(id);
      if (!node.domain.empty() || node.inputs.size() != 1 || node.outputs.size() != 1) continue;
      // Only one of them: where a node is added, `node` is no more.
      if (node.op_type == "Erf") {
        fuse(id, argument_of_erf(node.inputs[0]), "none");
      } else if (node.op_type == "Tanh") {
        fuse(id, argument_of_tanh(node.inputs[0]), "tanh");
      }
    }
    return rewriter_.finish();
  }

 private:
  NodeId producer(ValueId id) const {
    const NodeId found = rewriter_.value(id).producer;
    return found == kNoNode || rewriter_.only_user(id) == kNoNode ? kNoNode : found;
  }

  // x of x / sqrt 2.
  ValueId argument_of_erf(ValueId id) const {
    const NodeId node = producer(id);
    const auto found = node == kNoNode ? std::nullopt : scaled(rewriter_, node);
    if (!found) return kNoValue;
    const graph::Node& made = rewriter_.node(node);
    const double root = std::numbers::sqrt2;
    for (const ValueId input : made.inputs) {
      const graph::Value& value = rewriter_.value(input);
      if (is_near(value, made.op_type == "Div" ? root : 1 / root)) return found->x;
    }
    return kNoValue;
  }

  // x of sqrt(2 / pi) * (x + 0.044715 x^3).
  ValueId argument_of_tanh(ValueId id) const {
    const NodeId outer = producer(id);
    if (!is_binary(rewriter_, outer, "Mul")) return kNoValue;
    const ValueId sum = beside(rewriter_, outer, std::sqrt(2 / std::numbers::pi));
    if (sum == kNoValue || !is_binary(rewriter_, producer(sum), "Add")) return kNoValue;
    const graph::Node& add = rewriter_.node(producer(sum));
    for (const ValueId cubic : add.inputs) {
      const ValueId x = other_operand(add, cubic);
      const NodeId scale = producer(cubic);
      if (x == kNoValue || !is_binary(rewriter_, scale, "Mul")) continue;
      const ValueId cube = beside(rewriter_, scale, 0.044715);
      if (cube != kNoValue && is_cube(cube, x)) return x;
    }
    return kNoValue;
  }

  // x^3: Pow(x, 3), or x * (x * x).
  bool is_cube(ValueId cube, ValueId x) const {
    const NodeId id = producer(cube);
    if (is_binary(rewriter_, id, "Pow")) {
      const auto& inputs = rewriter_.node(id).inputs;
      return inputs[0] == x && is_near(rewriter_.value(inputs[1]), 3) &&
             rewriter_.value(inputs[1]).fact.constant->shape.rank() == 0;
    }
    if (!is_binary(rewriter_, id, "Mul")) return false;
    const ValueId square = other_operand(rewriter_.node(id), x);
    if (square == kNoValue || !is_binary(rewriter_, producer(square), "Mul")) return false;
    const auto& inputs = rewriter_.node(producer(square)).inputs;
    return inputs[0] == x && inputs[1] == x;
  }

  // A half of `id`: the operand beside 1/2, or above 2.
  ValueId half_of(NodeId id) const {
    if (is_binary(rewriter_, id, "Mul")) return beside(rewriter_, id, 0.5);
    if (!is_binary(rewriter_, id, "Div")) return kNoValue;
    const auto found = scaled(rewriter_, id);
    return found && found->factor == 0.5 ? found->x : kNoValue;
  }

  // function: the node erf or tanh of an argument that x belongs to.
  void fuse(NodeId function, ValueId x, const char* approximate) {
    if (x == kNoValue) return;
    const NodeId gate = rewriter_.only_user(rewriter_.node(function).outputs[0]);
    if (!is_binary(rewriter_, gate, "Add") || beside(rewriter_, gate, 1) == kNoValue) return;
    const ValueId result = product(rewriter_.node(gate).outputs[0], x);
    if (result == kNoValue) return;
    graph::Node gelu;
    gelu.name = rewriter_.node(function).name;
    gelu.op_type = "Gelu";
    gelu.opset = 20;
    gelu.inputs = {x};
    if (std::string_view(approximate) != "none") {
      gelu.attributes.push_back(make_attribute("approximate", std::string(approximate)));
    }
    put_node(rewriter_, std::move(gelu), result);
  }

  // The value that is gate * x / 2.
  ValueId product(ValueId gate, ValueId x) const {
    const NodeId first = rewriter_.only_user(gate);
    if (first == kNoNode) return kNoValue;
    const ValueId made = rewriter_.node(first).outputs[0];
    if (half_of(first) == gate) {  // (gate / 2) * x
      const NodeId last = rewriter_.only_user(made);
      if (!is_binary(rewriter_, last, "Mul")) return kNoValue;
      return other_operand(rewriter_.node(last), made) == x ? rewriter_.node(last).outputs[0]
                                                            : kNoValue;
    }
    if (!is_binary(rewriter_, first, "Mul")) return kNoValue;
    const ValueId other = other_operand(rewriter_.node(first), gate);
    if (other == kNoValue) return kNoValue;
    if (other == x) {  // (gate * x) / 2
      const NodeId last = rewriter_.only_user(made);
      return last != kNoNode && half_of(last) == made ? rewriter_.node(last).outputs[0] : kNoValue;
    }
    const NodeId halved = producer(other);  // gate * (x / 2)
    return halved != kNoNode && half_of(halved) == x ? made : kNoValue;
  }

  Rewriter rewriter_;
};

}  // namespace

Status fuse_gelu(graph::Model& model) {
  return for_each_graph(model, [](graph::Graph& graph) { return Fuser(graph).run(); });
}

}  // namespace escuta::passes
