// A product by a constant matrix (MatMul, or Gemm with a vector), a number it is multiplied by, a
// bias vector and an activation -> MatMulBias of domain escuta: what follows a product is done
// where its result is still in a cache.
#include "passes/match.h"
#include "passes/pass.h"

namespace escuta::passes {
namespace {

using graph::kNoNode;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::Rewriter;
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
  struct Chain {
    double alpha = 1;
    ValueId bias = kNoValue;
    std::string activation;
    ValueId result = kNoValue;
  };

  // Columns of a product by a constant float matrix; -1 for any other. Gemm: what it adds, a
  // constant vector, is the chain's bias.
  int64_t columns(const Node& node, Chain& chain) const {
    const bool gemm = node.op_type == "Gemm";
    if ((node.op_type != "MatMul" && !gemm) || !node.domain.empty() || node.inputs.size() < 2) {
      return -1;
    }
    const graph::Fact& a = rewriter_.value(node.inputs[0]).fact;
    const graph::ConstantPtr& b = rewriter_.value(node.inputs[1]).fact.constant;
    if (a.dtype != DType::kFloat || !a.shape || b == nullptr || b->dtype != DType::kFloat ||
        b->shape.rank() != 2 || b->shape.count() == 0) {
      return -1;
    }
    if (!gemm) return node.inputs.size() == 2 ? b->shape[1] : -1;
    const auto integer = [&](const char* name) {
      const auto* found = node.get<int64_t>(name);
      return found == nullptr ? int64_t{0} : *found;
    };
    if (integer("transA") != 0 || integer("broadcast") != 0) return -1;
    const int64_t width = b->shape[integer("transB") != 0 ? 0 : 1];
    if (const auto* alpha = node.get<float>("alpha")) chain.alpha = *alpha;
    if (node.inputs.size() < 3 || node.inputs[2] == kNoValue) return width;
    const auto* beta = node.get<float>("beta");
    if ((beta != nullptr && *beta != 1) ||
        !is_float_vector(rewriter_.value(node.inputs[2]), width)) {
      return -1;
    }
    chain.bias = node.inputs[2];
    return width;
  }

  static std::string activation_of(const Node& node) {
    if (!node.domain.empty() || node.inputs.size() != 1) return "";
    if (node.op_type == "Gelu") {
      const auto* form = node.get<std::string>("approximate");
      return form != nullptr && *form == "tanh" ? "GeluTanh" : "Gelu";
    }
    if (node.op_type == "Swish") {
      const auto* alpha = node.get<float>("alpha");
      return alpha == nullptr || *alpha == 1 ? "Silu" : "";
    }
    for (const char* name : {"Relu", "Tanh", "Sigmoid"}) {
      if (node.op_type == name) return name;
    }
    return "";
  }

  // The next node of the chain, if it is one that a product can take over.
  bool extend(Chain& chain, int64_t width) const {
    const NodeId id = rewriter_.only_user(chain.result);
    if (id == kNoNode || !chain.activation.empty()) return false;
    const Node& node = rewriter_.node(id);
    const auto by = scaled(rewriter_, id);
    if (by && by->x == chain.result && chain.bias == kNoValue) {
      chain.alpha *= by->factor;
    } else if (is_binary(rewriter_, id, "Add") && chain.bias == kNoValue) {
      const ValueId bias = other_operand(node, chain.result);
      if (bias == kNoValue || !is_float_vector(rewriter_.value(bias), width)) return false;
      chain.bias = bias;
    } else {
      chain.activation = activation_of(node);
      if (chain.activation.empty()) return false;
    }
    chain.result = node.outputs[0];
    return true;
  }

  void fuse(NodeId id) {
    const Node product = rewriter_.node(id);
    Chain chain;
    const int64_t width = columns(product, chain);
    if (width < 0) return;
    chain.result = product.outputs[0];
    while (extend(chain, width)) {
    }
    if (chain.result == product.outputs[0]) return;
    Node fused;
    fused.name = product.name;
    fused.op_type = "MatMulBias";
    fused.domain = "escuta";
    fused.opset = 1;
    fused.inputs = {product.inputs[0], product.inputs[1]};
    if (const auto* transposed = product.get<int64_t>("transB"); transposed != nullptr) {
      fused.attributes.push_back(make_attribute("transB", *transposed));
    }
    if (chain.bias != kNoValue) fused.inputs.push_back(chain.bias);
    if (chain.alpha != 1) {
      fused.attributes.push_back(make_attribute("alpha", static_cast<float>(chain.alpha)));
    }
    if (!chain.activation.empty()) {
      fused.attributes.push_back(make_attribute("activation", chain.activation));
    }
    put_node(rewriter_, std::move(fused), chain.result);
  }

  Rewriter rewriter_;
};

}  // namespace

Status fuse_matmul_bias(graph::Model& model) {
  return for_each_graph(model, [](graph::Graph& graph) { return Fuser(graph).run(); });
}

}  // namespace escuta::passes
