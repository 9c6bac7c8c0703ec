// Takes out nodes that hand their input on as it is, and joins such as move elements twice.
//
// Exactly: x + 0 is not x where x is -0, so only x - 0, x + -0, x * 1 and x / 1 go.
#include <algorithm>
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
using Ints = std::vector<int64_t>;

class Cleaner {
 public:
  Cleaner(const graph::Model& model, graph::Graph& graph) : model_(model), rewriter_(graph) {}

  Status run() {
    const size_t count = rewriter_.graph().nodes().size();
    for (size_t i = 0; i < count; ++i) {
      const auto id = static_cast<NodeId>(i);
      const Node node = rewriter_.node(id);
      if (!node.domain.empty() || node.inputs.empty() || node.outputs.empty() ||
          node.inputs[0] == kNoValue || node.outputs[0] == kNoValue) {
        continue;
      }
      join(id, node);
      const ValueId same = unchanged(rewriter_.node(id));
      if (same != kNoValue) rewriter_.replace(node.outputs[0], same);
    }
    return rewriter_.finish();
  }

 private:
  const graph::Fact& fact(ValueId id) const { return rewriter_.value(id).fact; }
  int64_t opset_of(const Node& node) const {
    return node.opset != 0 ? node.opset : model_.opset("");
  }
  bool same_shape(ValueId a, ValueId b) const { return surely_same(fact(a).shape, fact(b).shape); }

  // An attribute of old versions, an input of newer ones; nothing: not known, or absent.
  std::optional<Ints> list(const Node& node, std::string_view name, size_t input) const {
    if (const auto* own = node.get<Ints>(name)) return *own;
    if (input >= node.inputs.size() || node.inputs[input] == kNoValue) return std::nullopt;
    return integers_of(rewriter_.value(node.inputs[input]));
  }
  static bool has_input(const Node& node, size_t i) {
    return i < node.inputs.size() && node.inputs[i] != kNoValue;
  }

  // The input that output 0 is; kNoValue where the node does something, or may.
  ValueId unchanged(const Node& node) const {
    const ValueId x = node.inputs[0], y = node.outputs[0];
    const std::string& op = node.op_type;
    const auto same_if = [&](bool same) { return same ? x : kNoValue; };
    if (op == "Identity") return x;
    if (op == "Dropout") return same_if(hands_on(node));
    if (op == "Cast" || op == "CastLike") {
      return same_if(fact(x).dtype != DType::kUndefined && fact(x).dtype == fact(y).dtype);
    }
    if (op == "Transpose") return same_if(is_identity(perm_of(node)));
    if (op == "Reshape" || op == "Flatten" || op == "Squeeze" || op == "Unsqueeze" ||
        op == "Expand") {
      return same_if(same_shape(x, y) && node.outputs.size() == 1);
    }
    if (op == "Slice") return same_if(same_shape(x, y) && goes_forward(node));
    if (op == "Pad") return same_if(pads_nothing(node));
    if (op == "Concat") return same_if(node.inputs.size() == 1);
    if (op == "Split") return same_if(node.outputs.size() == 1 && same_shape(x, y));
    return neutral(node);
  }

  bool hands_on(const Node& node) const {
    for (size_t i = 1; i < node.outputs.size(); ++i) {
      const ValueId mask = node.outputs[i];
      if (mask == kNoValue) continue;
      if (!rewriter_.users(mask).empty() || rewriter_.is_output(mask)) return false;
    }
    const int64_t opset = opset_of(node);
    if (opset < 7) {
      const auto* is_test = node.get<int64_t>("is_test");
      return is_test != nullptr && *is_test != 0;
    }
    if (opset < 12 || !has_input(node, 2)) return true;
    const graph::Constant* mode = fact(node.inputs[2]).constant.get();
    return mode != nullptr && mode->dtype == DType::kBool && mode->bytes.size() == 1 &&
           mode->bytes[0] == std::byte{0};
  }

  std::optional<Ints> perm_of(const Node& node) const {
    if (const auto* perm = node.get<Ints>("perm")) return *perm;
    if (!fact(node.inputs[0]).shape) return std::nullopt;
    Ints reversed;
    for (size_t i = fact(node.inputs[0]).shape->size(); i-- > 0;) {
      reversed.push_back(static_cast<int64_t>(i));
    }
    return reversed;
  }
  static bool is_identity(const std::optional<Ints>& perm) {
    if (!perm) return false;
    for (size_t i = 0; i < perm->size(); ++i) {
      if ((*perm)[i] != static_cast<int64_t>(i)) return false;
    }
    return true;
  }

  bool goes_forward(const Node& node) const {
    if (!has_input(node, 4)) return true;
    const auto steps = list(node, "", 4);
    return steps &&
           std::all_of(steps->begin(), steps->end(), [](int64_t step) { return step == 1; });
  }

  bool pads_nothing(const Node& node) const {
    const auto pads = list(node, "pads", 1);
    return pads && !pads->empty() && fact(node.inputs[0]).shape &&
           std::all_of(pads->begin(), pads->end(), [](int64_t pad) { return pad == 0; });
  }

  // x of x * 1, 1 * x, x / 1, x - 0, x + -0, for floats.
  ValueId neutral(const Node& node) const {
    const std::string& op = node.op_type;
    const bool swaps = op == "Mul" || op == "Add";
    if ((!swaps && op != "Div" && op != "Sub") || node.inputs.size() != 2 ||
        !node.attributes.empty()) {
      return kNoValue;
    }
    for (const size_t at : {1, 0}) {
      if (at == 0 && !swaps) break;
      const auto number = number_of(rewriter_.value(node.inputs[at]));
      if (!number || !same_shape(node.inputs[1 - at], node.outputs[0])) continue;
      const bool product = op == "Mul" || op == "Div";
      const bool zero = *number == 0 && std::signbit(*number) == (op == "Add");
      if (product ? *number == 1 : zero) return node.inputs[1 - at];
    }
    return kNoValue;
  }

  // --- Two nodes as one ---

  void join(NodeId id, const Node& node) {
    if (node.op_type == "Transpose") join_transposes(id, node);
    if (node.op_type == "Reshape") join_reshapes(id, node);
  }

  void join_transposes(NodeId id, const Node& node) {
    const NodeId before = rewriter_.producer(node.inputs[0], "Transpose");
    if (before == kNoNode) return;
    const Node first = rewriter_.node(before);
    const auto inner = perm_of(first), outer = perm_of(node);
    if (!inner || !outer || inner->size() != outer->size()) return;
    Ints perm;
    for (const int64_t axis : *outer) {
      if (axis < 0 || axis >= static_cast<int64_t>(inner->size())) return;
      perm.push_back((*inner)[static_cast<size_t>(axis)]);
    }
    Node both = node;
    both.inputs[0] = first.inputs[0];
    both.attributes = {make_attribute("perm", std::move(perm))};
    substitute(id, std::move(both));
  }

  // A reshape to numbers does not care what shape the elements had before.
  void join_reshapes(NodeId id, const Node& node) {
    const NodeId before = rewriter_.value(node.inputs[0]).producer;
    if (before == kNoNode || rewriter_.removed(before)) return;
    const Node& first = rewriter_.node(before);
    const std::string& op = first.op_type;
    const bool moves_nothing =
        op == "Reshape" || op == "Squeeze" || op == "Unsqueeze" || op == "Flatten";
    const auto target = list(node, "shape", 1);
    if (!moves_nothing || !first.domain.empty() || first.inputs[0] == kNoValue || !target ||
        std::find(target->begin(), target->end(), 0) != target->end()) {
      return;
    }
    Node both = node;
    both.inputs[0] = first.inputs[0];
    substitute(id, std::move(both));
  }

  // `changed` makes the output of node `id`, which has no readers or goes.
  void substitute(NodeId id, Node changed) {
    const ValueId output = changed.outputs[0];
    rewriter_.remove(id);
    rewriter_.add_node(changed);
    const ValueId same = unchanged(changed);
    if (same != kNoValue) rewriter_.replace(output, same);
  }

  const graph::Model& model_;
  graph::Rewriter rewriter_;
};

}  // namespace

Status clean_up(graph::Model& model) {
  return for_each_graph(model, [&](graph::Graph& graph) { return Cleaner(model, graph).run(); });
}

}  // namespace escuta::passes
