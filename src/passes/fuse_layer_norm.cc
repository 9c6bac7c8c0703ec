// The nodes that exporters before opset 17 wrote for a normalisation over the last dimension ->
// LayerNormalization of ai.onnx 17 (Ba et al., 2016), or RMSNormalization of 23 where no mean is
// taken off (Zhang and Sennrich, 2019).
//
// d = x - mean(x); d / sqrt(mean(d^2) + epsilon) * gain + bias.
#include <cmath>

#include "passes/match.h"
#include "passes/pass.h"

namespace escuta::passes {
namespace {

using graph::kNoNode;
using graph::kNoValue;
using graph::Node;
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
  const std::optional<Dims>& shape(ValueId id) const { return rewriter_.value(id).fact.shape; }

  // x of ReduceMean(x) over the last dimension, which stays as 1.
  ValueId averaged(ValueId id) const {
    const NodeId found = rewriter_.producer(id, "ReduceMean");
    if (found == kNoNode) return kNoValue;
    const Node& node = rewriter_.node(found);
    const auto* keep = node.get<int64_t>("keepdims");
    std::optional<std::vector<int64_t>> axes;
    if (const auto* own = node.get<std::vector<int64_t>>("axes")) {
      axes = *own;
    } else if (node.inputs.size() > 1 && node.inputs[1] != kNoValue) {
      axes = integers_of(rewriter_.value(node.inputs[1]));
    }
    const auto& dims = shape(node.inputs[0]);
    const bool last = axes && axes->size() == 1 && dims && !dims->empty() &&
                      ((*axes)[0] == -1 || (*axes)[0] == static_cast<int64_t>(dims->size()) - 1);
    return last && (keep == nullptr || *keep == 1) ? node.inputs[0] : kNoValue;
  }

  // d of d^2.
  ValueId squared(ValueId id) const {
    const NodeId found = rewriter_.value(id).producer;
    if (is_binary(rewriter_, found, "Mul")) {
      const auto& inputs = rewriter_.node(found).inputs;
      return inputs[0] == inputs[1] ? inputs[0] : kNoValue;
    }
    if (!is_binary(rewriter_, found, "Pow")) return kNoValue;
    const auto& inputs = rewriter_.node(found).inputs;
    const graph::Value& exponent = rewriter_.value(inputs[1]);
    return number_of(exponent) == 2.0 && exponent.fact.constant->shape.rank() == 0 ? inputs[0]
                                                                                   : kNoValue;
  }

  // d / root, or d * (1 / root).
  ValueId divided(ValueId root, ValueId d) const {
    const NodeId id = rewriter_.only_user(root);
    if (id == kNoNode) return kNoValue;
    const Node& node = rewriter_.node(id);
    ValueId inverse = kNoValue;
    if (is_binary(rewriter_, id, "Div") && node.inputs[1] == root) {
      if (node.inputs[0] == d) return node.outputs[0];
      if (number_of(rewriter_.value(node.inputs[0])) == 1.0) inverse = node.outputs[0];
    } else if (node.op_type == "Reciprocal" && node.domain.empty()) {
      inverse = node.outputs[0];
    }
    const NodeId last = inverse == kNoValue ? kNoNode : rewriter_.only_user(inverse);
    if (!is_binary(rewriter_, last, "Mul")) return kNoValue;
    return other_operand(rewriter_.node(last), inverse) == d ? rewriter_.node(last).outputs[0]
                                                             : kNoValue;
  }

  // The other operand of the node that alone reads `id`, where that is a vector for each row.
  ValueId vector_beside(ValueId id, std::string_view op, int64_t size) const {
    const NodeId user = rewriter_.only_user(id);
    if (!is_binary(rewriter_, user, op)) return kNoValue;
    const ValueId other = other_operand(rewriter_.node(user), id);
    return other != kNoValue && is_float_vector(rewriter_.value(other), size) ? other : kNoValue;
  }
  ValueId result_of_user(ValueId id) const {
    return rewriter_.node(rewriter_.only_user(id)).outputs[0];
  }

  void fuse(NodeId id) {
    const Node root = rewriter_.node(id);
    if (root.op_type != "Sqrt" || !root.domain.empty()) return;
    const NodeId sum = rewriter_.value(root.inputs[0]).producer;
    if (!is_binary(rewriter_, sum, "Add")) return;
    for (const size_t at : {1, 0}) {
      const ValueId variance = rewriter_.node(sum).inputs[1 - at];
      const graph::Value& number = rewriter_.value(rewriter_.node(sum).inputs[at]);
      const std::optional<double> epsilon = number_of(number);
      if (!epsilon || !(*epsilon >= 0) || number.fact.constant->shape.rank() > 1) continue;
      const ValueId square = averaged(variance);
      const ValueId d = square == kNoValue ? kNoValue : squared(square);
      if (d != kNoValue) return put(root, d, static_cast<float>(*epsilon));
    }
  }

  void put(const Node& root, ValueId d, float epsilon) {
    const graph::Fact& fact = rewriter_.value(d).fact;
    if (fact.dtype != DType::kFloat || !fact.shape || !fact.shape->back().is_known()) return;
    const int64_t size = fact.shape->back().value();
    ValueId result = divided(root.outputs[0], d);
    if (result == kNoValue || size == 0) return;
    const ValueId gain = vector_beside(result, "Mul", size);
    if (gain == kNoValue) return;
    result = result_of_user(result);
    Node norm;
    norm.name = root.name;
    norm.op_type = "RMSNormalization";
    norm.opset = 23;
    norm.inputs = {d, gain};
    norm.attributes = {make_attribute("axis", int64_t{-1}), make_attribute("epsilon", epsilon)};
    const NodeId difference = rewriter_.value(d).producer;
    if (is_binary(rewriter_, difference, "Sub")) {
      const auto inputs = rewriter_.node(difference).inputs;
      if (averaged(inputs[1]) == inputs[0]) {
        norm.op_type = "LayerNormalization";
        norm.opset = 17;
        norm.inputs[0] = inputs[0];
        const ValueId bias = vector_beside(result, "Add", size);
        if (bias != kNoValue) {
          norm.inputs.push_back(bias);
          result = result_of_user(result);
        }
      }
    }
    put_node(rewriter_, std::move(norm), result);
  }

  graph::Rewriter rewriter_;
};

}  // namespace

Status fuse_layer_norm(graph::Model& model) {
  return for_each_graph(model, [](graph::Graph& graph) { return Fuser(graph).run(); });
}

}  // namespace escuta::passes
