#include "passes/inline_functions.h"

#include <algorithm>
#include <unordered_map>

#include "graph/rewriter.h"
#include "onnx/limits.h"
#include "passes/pass.h"

namespace escuta::passes {
namespace {

using graph::Attribute;
using graph::Graph;
using graph::GraphPtr;
using graph::kNoValue;
using graph::Node;
using graph::ValueId;

// Bytes that the nodes of functions may take where they are called: a few calls of calls stand for
// any number of nodes.
constexpr size_t kMaxBytes = onnx::kMemoryFloor / 4;

// What a node takes, with its share of what passes and the engine make of it, but for its bodies,
// which copies share.
size_t bytes_of(const Node& node) {
  size_t bytes = onnx::kMemoryPerNode + 2 * node.name.size();
  for (const Attribute& attribute : node.attributes) {
    bytes += sizeof(Attribute) + attribute.name.size();
    const auto list = [&](const auto* all) {
      if (all != nullptr) bytes += all->size() * sizeof((*all)[0]);
    };
    list(std::get_if<std::string>(&attribute.value));
    list(std::get_if<std::vector<int64_t>>(&attribute.value));
    list(std::get_if<std::vector<float>>(&attribute.value));
    list(std::get_if<std::vector<std::string>>(&attribute.value));
  }
  return bytes;
}

const graph::Function* find(const graph::Model& model, const Node& node) {
  for (const graph::Function& function : model.functions) {
    if (function.name == node.op_type && function.domain == node.domain &&
        function.overload == node.overload) {
      return &function;
    }
  }
  return nullptr;
}

int64_t opset_of(const graph::Function& function, std::string_view domain) {
  for (const onnx::OpsetImport& import : function.opsets) {
    if (import.domain == domain) return import.version;
  }
  return 0;
}

// References to attributes of the call -> what the call, or the function's default, says.
class Attributes {
 public:
  Attributes(const graph::Function& function, const Node& call)
      : function_(function), call_(call) {}

  void resolve(Node& node) const {
    std::vector<Attribute> resolved;
    for (Attribute& attribute : node.attributes) {
      if (!attribute.ref_attr_name.empty()) {
        const Attribute* meant = meaning(attribute.ref_attr_name);
        if (meant == nullptr) continue;  // absent in the call: absent here
        Attribute copy = *meant;
        copy.name = attribute.name;
        resolved.push_back(std::move(copy));
        continue;
      }
      resolve_bodies(attribute);
      resolved.push_back(std::move(attribute));
    }
    node.attributes = std::move(resolved);
    if (node.opset == 0) node.opset = opset_of(function_, node.domain);
  }

 private:
  const Attribute* meaning(const std::string& name) const {
    if (const Attribute* given = call_.attribute(name)) return given;
    const auto& defaults = function_.attribute_defaults;
    const auto it = std::ranges::find(defaults, name, &Attribute::name);
    return it == defaults.end() ? nullptr : &*it;
  }

  void resolve_bodies(Attribute& attribute) const {
    const auto resolved = [&](const GraphPtr& body) {
      auto copy = std::make_shared<Graph>(*body);
      for (size_t i = 0; i < copy->nodes().size(); ++i) {
        resolve(copy->node(static_cast<graph::NodeId>(i)));
      }
      return copy;
    };
    if (auto* body = std::get_if<GraphPtr>(&attribute.value)) *body = resolved(*body);
    if (auto* bodies = std::get_if<std::vector<GraphPtr>>(&attribute.value)) {
      for (GraphPtr& body : *bodies) body = resolved(body);
    }
  }

  const graph::Function& function_;
  const Node& call_;
};

void renumber_captures(Node& node, const std::vector<ValueId>& ids) {
  const auto renumbered = [&](const GraphPtr& body) {
    auto copy = std::make_shared<Graph>(*body);
    for (graph::Capture& capture : copy->captures) {
      capture.outer = ids[static_cast<size_t>(capture.outer)];
    }
    return copy;
  };
  for (Attribute& attribute : node.attributes) {
    if (auto* body = std::get_if<GraphPtr>(&attribute.value)) *body = renumbered(*body);
    if (auto* bodies = std::get_if<std::vector<GraphPtr>>(&attribute.value)) {
      for (GraphPtr& body : *bodies) body = renumbered(body);
    }
  }
}

Status too_large() {
  return resource_exhausted(
      "the model's functions: expected at most {} bytes of nodes where they "
      "are called",
      kMaxBytes);
}

// Puts the function's nodes in place of the call.
Status expand(graph::Rewriter& rewriter, graph::NodeId id, const graph::Function& function,
              size_t& bytes_left) {
  const Node call = rewriter.node(id);
  const Graph& body = function.body;
  if (call.inputs.size() > body.inputs.size() || call.outputs.size() > body.outputs.size()) {
    return invalid_argument("{}: expected at most {} inputs and {} outputs, found {} and {}",
                            call.to_string(), body.inputs.size(), body.outputs.size(),
                            call.inputs.size(), call.outputs.size());
  }
  std::vector<ValueId> ids(body.values().size(), kNoValue);
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    ids[static_cast<size_t>(body.inputs[i])] = call.inputs[i];
  }
  rewriter.remove(id);
  std::vector<std::pair<ValueId, ValueId>> copies;  // a function's input handed on
  for (size_t i = 0; i < call.outputs.size(); ++i) {
    if (call.outputs[i] == kNoValue) continue;
    ValueId& place = ids[static_cast<size_t>(body.outputs[i])];
    if (place != kNoValue || body.value(body.outputs[i]).producer == graph::kNoNode) {
      copies.emplace_back(body.outputs[i], call.outputs[i]);
    } else {
      place = call.outputs[i];
    }
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    const graph::Value& value = body.value(static_cast<ValueId>(i));
    const bool input = std::ranges::find(body.inputs, static_cast<ValueId>(i)) != body.inputs.end();
    if (ids[i] == kNoValue && !input) ids[i] = rewriter.add_value(value.name, value.fact);
  }
  const Attributes attributes(function, call);
  for (const Node& inner : body.nodes()) {
    Node copy = inner;
    for (ValueId& input : copy.inputs)
      input = input == kNoValue ? input : ids[static_cast<size_t>(input)];
    for (ValueId& output : copy.outputs) {
      output = output == kNoValue ? output : ids[static_cast<size_t>(output)];
    }
    attributes.resolve(copy);
    renumber_captures(copy, ids);
    const size_t bytes = bytes_of(copy) + 2 * call.name.size();
    if (bytes > bytes_left) return too_large();
    bytes_left -= bytes;
    if (!call.name.empty()) copy.name = call.name + "/" + copy.name;
    rewriter.add_node(std::move(copy));
  }
  for (const auto& [from, to] : copies) {
    Node identity;
    identity.op_type = "Identity";
    identity.inputs = {ids[static_cast<size_t>(from)]};
    identity.outputs = {to};
    rewriter.add_node(std::move(identity));
  }
  return Status();
}

// One level of calls; `found` becomes true when there was one.
Status expand_calls(const graph::Model& model, Graph& graph, size_t& bytes_left, bool& found) {
  graph::Rewriter rewriter(graph);
  const size_t count = graph.nodes().size();
  for (size_t i = 0; i < count; ++i) {
    const auto id = static_cast<graph::NodeId>(i);
    const graph::Function* function = find(model, graph.node(id));
    if (function == nullptr) continue;
    RETURN_IF_ERROR(expand(rewriter, id, *function, bytes_left));
    found = true;
  }
  return rewriter.finish(false);
}

}  // namespace

Status inline_functions(graph::Model& model) {
  if (model.functions.empty()) return Status();
  size_t bytes_left = kMaxBytes;
  for (bool found = true; found;) {
    found = false;
    const auto expand_in = [&](Graph& graph) {
      return expand_calls(model, graph, bytes_left, found);
    };
    RETURN_IF_ERROR(for_each_graph(model, expand_in));
  }
  return Status();
}

}  // namespace escuta::passes
