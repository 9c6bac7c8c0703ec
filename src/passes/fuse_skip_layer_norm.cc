// A sum and the normalisation of it -> SkipLayerNormalization of com.microsoft, which gives the sum
// as well where others read it.
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
  // Over the last of three dimensions, with a gain for each column, and nothing but the result.
  bool is_plain(const Node& norm) const {
    if (norm.op_type != "LayerNormalization" || !norm.domain.empty()) return false;
    const auto& shape = rewriter_.value(norm.inputs[0]).fact.shape;
    const auto* axis = norm.get<int64_t>("axis");
    const auto* stash = norm.get<int64_t>("stash_type");
    if (!shape || shape->size() != 3 || !shape->back().is_known() || norm.inputs.size() < 2 ||
        (axis != nullptr && *axis != -1 && *axis != 2) || (stash != nullptr && *stash != 1)) {
      return false;
    }
    for (size_t i = 1; i < norm.outputs.size(); ++i) {
      if (norm.outputs[i] != kNoValue) return false;
    }
    for (size_t i = 1; i < norm.inputs.size(); ++i) {
      if (norm.inputs[i] != kNoValue &&
          !is_float_vector(rewriter_.value(norm.inputs[i]), shape->back().value())) {
        return false;
      }
    }
    return rewriter_.value(norm.inputs[0]).fact.dtype == DType::kFloat;
  }

  void fuse(NodeId id) {
    const Node norm = rewriter_.node(id);
    if (!is_plain(norm)) return;
    const ValueId sum = norm.inputs[0];
    const NodeId adding = rewriter_.value(sum).producer;
    if (!is_binary(rewriter_, adding, "Add") || rewriter_.is_output(sum)) return;
    const Node add = rewriter_.node(adding);
    const auto shape = [&](size_t i) { return rewriter_.value(add.inputs[i]).fact.shape; };
    if (!surely_same(shape(0), shape(1))) return;
    Node fused;
    fused.name = norm.name;
    fused.op_type = "SkipLayerNormalization";
    fused.domain = "com.microsoft";
    fused.opset = 1;
    fused.inputs = {add.inputs[0], add.inputs[1]};
    fused.inputs.insert(fused.inputs.end(), norm.inputs.begin() + 1, norm.inputs.end());
    const auto* epsilon = norm.get<float>("epsilon");
    fused.attributes = {make_attribute("epsilon", epsilon == nullptr ? 1e-5f : *epsilon)};
    ValueId kept = kNoValue;
    if (rewriter_.only_user(sum) == kNoNode) {
      kept = rewriter_.add_value(std::string(rewriter_.value(sum).name), rewriter_.value(sum).fact);
      fused.outputs = {kNoValue, kNoValue, kNoValue, kept};
    }
    if (!put_node(rewriter_, std::move(fused), norm.outputs[0])) return;
    rewriter_.remove(id);
    if (kept != kNoValue) rewriter_.replace(sum, kept);
  }

  graph::Rewriter rewriter_;
};

}  // namespace

Status fuse_skip_layer_norm(graph::Model& model) {
  return for_each_graph(model, [](graph::Graph& graph) { return Fuser(graph).run(); });
}

}  // namespace escuta::passes
