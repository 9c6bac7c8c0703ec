// What dynamic quantisation writes: MatMulInteger by constant weights, Cast, Mul by the scales, Add
// of a bias -> MatMulIntegerToFloat of com.microsoft; ConvInteger, Add of an int32 bias, Cast, Mul,
// or Cast, Mul, Add -> ConvIntegerToFloat of escuta.
//
// A product scales its sums by one scale and then by the other, where the graph has the product of
// both: results differ by a rounding of float. Sums are exact, and a convolution rounds as the
// graph does.
#include <algorithm>

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
    for (size_t i = 0; i < count; ++i) {
      const auto id = static_cast<NodeId>(i);
      const Node node = rewriter_.node(id);
      if (!node.domain.empty() || node.inputs.size() < 2) continue;
      if (node.op_type == "MatMulInteger") fuse_product(node);
      if (node.op_type == "ConvInteger") fuse_convolution(node);
    }
    return rewriter_.finish();
  }

 private:
  const graph::Fact& fact(ValueId id) const { return rewriter_.value(id).fact; }

  ValueId input(const Node& node, size_t i) const {
    return i < node.inputs.size() ? node.inputs[i] : kNoValue;
  }

  // Whether a value surely has one element.
  bool is_one(ValueId id) const {
    const auto& shape = fact(id).shape;
    return shape && std::all_of(shape->begin(), shape->end(), [](const graph::Dim& dim) {
             return dim.is_known() && dim.value() == 1;
           });
  }

  // The float that a Cast, nobody else, makes of the value; kNoValue where there is none.
  ValueId as_float(ValueId sums) const {
    const NodeId id = rewriter_.only_user(sums);
    if (id == kNoNode || rewriter_.node(id).op_type != "Cast" ||
        fact(rewriter_.node(id).outputs[0]).dtype != DType::kFloat) {
      return kNoValue;
    }
    return rewriter_.node(id).outputs[0];
  }

  // The node, nobody else's, that multiplies the value or adds to it, and the other operand.
  struct Step {
    ValueId other = kNoValue, result = kNoValue;
  };
  Step next(ValueId value, const char* op_type) const {
    const NodeId id = value == kNoValue ? kNoNode : rewriter_.only_user(value);
    if (!is_binary(rewriter_, id, op_type)) return {};
    const ValueId other = other_operand(rewriter_.node(id), value);
    return other == kNoValue ? Step() : Step{other, rewriter_.node(id).outputs[0]};
  }

  // A scalar of float, or a vector [width] that a product by constants can have.
  bool is_scale(ValueId id, int64_t width) const {
    const auto& shape = fact(id).shape;
    if (fact(id).dtype != DType::kFloat || !shape || shape->size() > 1) return false;
    return is_one(id) || (shape->front().is_known() && shape->front().value() == width);
  }

  // --- MatMulInteger ---

  void fuse_product(const Node& node) {
    const graph::ConstantPtr& b = fact(node.inputs[1]).constant;
    if (b == nullptr || b->shape.rank() != 2 || b->shape.count() == 0) return;
    const int64_t width = b->shape[1];
    const ValueId a_zero = input(node, 2), b_zero = input(node, 3);
    if (a_zero != kNoValue && !is_one(a_zero)) return;
    const Step scaling = next(as_float(node.outputs[0]), "Mul");
    if (scaling.other == kNoValue) return;
    const NodeId scales = rewriter_.value(scaling.other).producer;
    if (!is_binary(rewriter_, scales, "Mul") || !is_scale(scaling.other, width)) return;
    const Node& product = rewriter_.node(scales);
    // One of A's, one or as many as columns of B's; a product of both is what is_scale() saw.
    size_t of_a = 2;
    for (const size_t i : {1, 0}) {
      if (is_one(product.inputs[i]) && is_scale(product.inputs[1 - i], width)) of_a = i;
    }
    if (of_a == 2 || fact(product.inputs[of_a]).dtype != DType::kFloat) return;
    Node fused;
    fused.name = node.name;
    fused.op_type = "MatMulIntegerToFloat";
    fused.domain = "com.microsoft";
    fused.opset = 1;
    fused.inputs = {node.inputs[0],           node.inputs[1], product.inputs[of_a],
                    product.inputs[1 - of_a], a_zero,         b_zero};
    ValueId result = scaling.result;
    const Step adding = next(result, "Add");
    if (adding.other != kNoValue && is_float_vector(rewriter_.value(adding.other), width)) {
      fused.inputs.push_back(adding.other);
      result = adding.result;
    }
    put_node(rewriter_, std::move(fused), result);
  }

  // --- ConvInteger ---

  // The vector [channels] behind a value [1, channels, 1...]; kNoValue for other values.
  ValueId channel_vector(ValueId id, int64_t channels, size_t rank) {
    const auto& shape = fact(id).shape;
    if (!shape || shape->size() != rank) return kNoValue;
    for (size_t i = 0; i < rank; ++i) {
      const graph::Dim& dim = (*shape)[i];
      if (!dim.is_known() || dim.value() != (i == 1 ? channels : 1)) return kNoValue;
    }
    if (const graph::ConstantPtr& constant = fact(id).constant; constant != nullptr) {
      auto vector = std::make_shared<graph::Constant>(*constant);
      vector->shape = Shape{channels};
      return rewriter_.add_constant(rewriter_.value(id).name, std::move(vector));
    }
    const NodeId reshaping = rewriter_.producer(id, "Reshape");
    if (reshaping == kNoNode) return kNoValue;
    const ValueId vector = rewriter_.node(reshaping).inputs[0];
    const auto& from = fact(vector).shape;
    return from && from->size() == 1 && from->front() == graph::Dim(channels) ? vector : kNoValue;
  }

  void fuse_convolution(const Node& node) {
    const graph::ConstantPtr& w = fact(node.inputs[1]).constant;
    if (w == nullptr || w->shape.rank() < 3) return;
    const auto rank = static_cast<size_t>(w->shape.rank());
    const int64_t channels = w->shape[0];
    ValueId sums = node.outputs[0], bias = kNoValue;
    if (const Step adding = next(sums, "Add"); adding.other != kNoValue) {
      bias = fact(adding.other).dtype == DType::kInt32
                 ? channel_vector(adding.other, channels, rank)
                 : kNoValue;
      if (bias == kNoValue) return;
      sums = adding.result;
    }
    const Step scaling = next(as_float(sums), "Mul");
    if (scaling.other == kNoValue || fact(scaling.other).dtype != DType::kFloat) return;
    const auto& shape = fact(scaling.other).shape;
    ValueId scale = scaling.other;
    if (!is_one(scale) || shape->size() > 1) scale = channel_vector(scale, channels, rank);
    if (scale == kNoValue) return;
    ValueId result = scaling.result;
    if (const Step adding = next(result, "Add"); bias == kNoValue && adding.other != kNoValue) {
      bias = fact(adding.other).dtype == DType::kFloat
                 ? channel_vector(adding.other, channels, rank)
                 : kNoValue;
      if (bias != kNoValue) result = adding.result;
    }
    Node fused;
    fused.name = node.name;
    fused.op_type = "ConvIntegerToFloat";
    fused.domain = "escuta";
    fused.opset = 1;
    fused.attributes = node.attributes;
    fused.inputs = {node.inputs[0], node.inputs[1], scale, input(node, 2), input(node, 3), bias};
    put_node(rewriter_, std::move(fused), result);
  }

  graph::Rewriter rewriter_;
};

}  // namespace

Status fuse_integer_products(graph::Model& model) {
  return for_each_graph(model, [](graph::Graph& graph) { return Fuser(graph).run(); });
}

}  // namespace escuta::passes
