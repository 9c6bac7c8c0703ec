// What follows a convolution by weights, in the convolution: a BatchNormalization becomes part of
// weights and bias (Jacob et al., 2017, section 3.2), an activation makes it a FusedConv of
// com.microsoft.
#include <cmath>
#include <cstring>

#include "passes/match.h"
#include "passes/pass.h"

namespace escuta::passes {
namespace {

using graph::kNoNode;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

using Floats = std::vector<float>;

graph::ConstantPtr constant_of(const Shape& shape, Floats values) {
  auto owner = std::make_shared<const Floats>(std::move(values));
  auto constant = std::make_shared<graph::Constant>();
  constant->dtype = DType::kFloat;
  constant->shape = shape;
  constant->bytes = std::as_bytes(std::span(*owner));
  constant->owner = std::move(owner);
  return constant;
}

class Fuser {
 public:
  Fuser(const graph::Model& model, graph::Graph& graph) : model_(model), rewriter_(graph) {}

  Status run() {
    for (size_t i = 0; i < rewriter_.graph().nodes().size(); ++i) {
      const auto id = static_cast<NodeId>(i);
      if (rewriter_.removed(id) || !is_conv(rewriter_.node(id))) continue;
      // The folded Conv is a new node, behind the others: its activation is found in its turn.
      if (!fold_normalization(id)) fuse_activation(id);
    }
    return rewriter_.finish();
  }

 private:
  static bool is_conv(const Node& node) {
    return node.op_type == "Conv" && node.domain.empty() && node.inputs.size() >= 2;
  }

  // Elements of a constant float tensor; nothing: it is none.
  std::optional<Floats> floats(ValueId id) const {
    const graph::Constant* constant = rewriter_.value(id).fact.constant.get();
    if (constant == nullptr || constant->dtype != DType::kFloat) return std::nullopt;
    Floats values(static_cast<size_t>(constant->shape.count()));
    if (values.size() * sizeof(float) != constant->bytes.size()) return std::nullopt;
    if (!values.empty()) std::memcpy(values.data(), constant->bytes.data(), constant->bytes.size());
    return values;
  }

  // y = factor * x + offset, per channel.
  struct Affine {
    std::vector<double> factor, offset;
  };
  std::optional<Affine> affine_of(const Node& norm, size_t channels) const {
    const int64_t opset = norm.opset != 0 ? norm.opset : model_.opset("");
    const auto* training = norm.get<int64_t>("training_mode");
    const auto* spatial = norm.get<int64_t>("spatial");
    if (norm.op_type != "BatchNormalization" || !norm.domain.empty() || opset < 7 ||
        norm.inputs.size() != 5 || norm.outputs.size() != 1 ||
        (training != nullptr && *training != 0) || (spatial != nullptr && *spatial != 1)) {
      return std::nullopt;
    }
    const auto scale = floats(norm.inputs[1]), bias = floats(norm.inputs[2]);
    const auto mean = floats(norm.inputs[3]), variance = floats(norm.inputs[4]);
    for (const auto* vector : {&scale, &bias, &mean, &variance}) {
      if (!*vector || (*vector)->size() != channels) return std::nullopt;
    }
    const auto* own = norm.get<float>("epsilon");
    const double epsilon = own == nullptr ? 1e-5f : *own;
    Affine result;
    for (size_t i = 0; i < channels; ++i) {
      const double factor = (*scale)[i] / std::sqrt((*variance)[i] + epsilon);
      if (!std::isfinite(factor)) return std::nullopt;
      result.factor.push_back(factor);
      result.offset.push_back((*bias)[i] - factor * (*mean)[i]);
    }
    return result;
  }

  bool fold_normalization(NodeId id) {
    const Node conv = rewriter_.node(id);
    const NodeId after = rewriter_.only_user(conv.outputs[0]);
    if (after == kNoNode) return false;
    const Node norm = rewriter_.node(after);
    if (norm.inputs[0] != conv.outputs[0]) return false;
    std::optional<Floats> weights = floats(conv.inputs[1]);
    const auto* constant = rewriter_.value(conv.inputs[1]).fact.constant.get();
    if (!weights || weights->empty()) return false;
    const auto channels = static_cast<size_t>(constant->shape[0]);
    std::optional<Floats> bias = Floats(channels);
    if (conv.inputs.size() > 2 && conv.inputs[2] != kNoValue) bias = floats(conv.inputs[2]);
    const auto affine = affine_of(norm, channels);
    if (!affine || !bias || bias->size() != channels) return false;
    const size_t each = weights->size() / channels;
    for (size_t i = 0; i < weights->size(); ++i) {
      (*weights)[i] = static_cast<float>((*weights)[i] * affine->factor[i / each]);
    }
    for (size_t i = 0; i < channels; ++i) {
      (*bias)[i] = static_cast<float>((*bias)[i] * affine->factor[i] + affine->offset[i]);
    }
    const Shape shape = constant->shape;
    Node folded = conv;
    folded.outputs.clear();
    folded.inputs = {conv.inputs[0],
                     rewriter_.add_constant("weights", constant_of(shape, *std::move(weights))),
                     rewriter_.add_constant(
                         "bias", constant_of({static_cast<int64_t>(channels)}, *std::move(bias)))};
    if (!put_node(rewriter_, std::move(folded), norm.outputs[0])) return false;
    rewriter_.remove(after);
    rewriter_.remove(id);
    return true;
  }

  void fuse_activation(NodeId id) {
    const Node conv = rewriter_.node(id);
    const NodeId after = rewriter_.only_user(conv.outputs[0]);
    if (after == kNoNode || rewriter_.value(conv.inputs[0]).fact.dtype != DType::kFloat) return;
    const Node activation = rewriter_.node(after);
    const std::string& op = activation.op_type;
    if (!activation.domain.empty() || (op != "Relu" && op != "Tanh" && op != "Sigmoid")) return;
    Node fused = conv;
    fused.op_type = "FusedConv";
    fused.domain = "com.microsoft";
    fused.opset = 1;
    fused.outputs.clear();
    fused.attributes.push_back(make_attribute("activation", op));
    if (put_node(rewriter_, std::move(fused), activation.outputs[0])) rewriter_.remove(after);
  }

  const graph::Model& model_;
  graph::Rewriter rewriter_;
};

}  // namespace

Status fuse_conv(graph::Model& model) {
  return for_each_graph(model, [&](graph::Graph& graph) { return Fuser(model, graph).run(); });
}

}  // namespace escuta::passes
