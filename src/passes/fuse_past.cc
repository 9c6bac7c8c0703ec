// Keys and values that are those of the steps before, then new ones -> past and present of the
// attention itself: MultiHeadAttention of com.microsoft then appends to a cache in place, where
// Concat copied all of it at each step.
//
//   Concat(past [B, H, P, D], Transpose(Reshape(new [B, T, H * D]))), axis 2, for keys and values
#include "passes/heads.h"
#include "passes/pass.h"

namespace escuta::passes {
namespace {

using graph::kNoNode;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::Rewriter;
using graph::ValueId;

enum : size_t { kQuery, kKey, kValue, kBias, kMask, kAttentionBias, kPastKey, kPastValue };

struct Cache {
  ValueId past = kNoValue;     // [B, H, P, D]
  ValueId flat = kNoValue;     // [B, T, H * D]
  ValueId present = kNoValue;  // [B, H, P + T, D]
};

class Fuser {
 public:
  explicit Fuser(graph::Graph& graph) : rewriter_(graph) {}

  Status run() {
    const size_t count = rewriter_.graph().nodes().size();
    for (size_t i = 0; i < count; ++i) fuse(static_cast<NodeId>(i));
    return rewriter_.finish();
  }

 private:
  // What `present`, keys or values of `heads` heads, consists of.
  std::optional<Cache> read(ValueId present, int64_t heads) const {
    const auto& shape = rewriter_.value(present).fact.shape;
    if (!shape || shape->size() != 4) return std::nullopt;
    const NodeId id = rewriter_.producer(present, "Concat");
    if (id == kNoNode) return std::nullopt;
    const Node& concat = rewriter_.node(id);
    const auto* axis = concat.get<int64_t>("axis");
    if (concat.inputs.size() != 2 || axis == nullptr || (*axis != 2 && *axis != -2)) {
      return std::nullopt;
    }
    const auto split = split_heads(rewriter_, concat.inputs[1]);
    if (!split || split->count != heads) return std::nullopt;
    return Cache{concat.inputs[0], split->flat, present};
  }

  void fuse(NodeId id) {
    const Node& node = rewriter_.node(id);
    if (node.op_type != "MultiHeadAttention" || node.domain != "com.microsoft" ||
        node.inputs.size() <= kValue || node.inputs.size() > kPastKey || node.outputs.size() != 1) {
      return;
    }
    const auto* heads = node.get<int64_t>("num_heads");
    const bool biased = node.inputs.size() > kBias && node.inputs[kBias] != kNoValue;
    if (heads == nullptr || biased || node.inputs[kKey] == kNoValue ||
        node.inputs[kKey] == node.inputs[kValue]) {
      return;
    }
    const auto keys = read(node.inputs[kKey], *heads);
    const auto values = read(node.inputs[kValue], *heads);
    if (keys && values) put(id, *keys, *values);
  }

  void put(NodeId id, const Cache& keys, const Cache& values) {
    Node node = rewriter_.node(id);
    const ValueId result = node.outputs[0];
    node.inputs.resize(kPastValue + 1, kNoValue);
    node.inputs[kKey] = keys.flat;
    node.inputs[kValue] = values.flat;
    node.inputs[kPastKey] = keys.past;
    node.inputs[kPastValue] = values.past;
    node.outputs = {rewriter_.add_value("attended", rewriter_.value(result).fact),
                    rewriter_.add_value("keys", rewriter_.value(keys.present).fact),
                    rewriter_.add_value("values", rewriter_.value(values.present).fact)};
    const std::vector<ValueId> made = node.outputs;
    rewriter_.add_node(std::move(node));
    // The nodes that nobody reads any more are swept at the end.
    rewriter_.replace(result, made[0]);
    rewriter_.replace(keys.present, made[1]);
    rewriter_.replace(values.present, made[2]);
  }

  Rewriter rewriter_;
};

}  // namespace

Status fuse_past(graph::Model& model) {
  return for_each_graph(model, [](graph::Graph& graph) { return Fuser(graph).run(); });
}

}  // namespace escuta::passes
