#include "passes/expand_gradients.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "graph/rewriter.h"
#include "ops/resolve.h"
#include "passes/gradient_rules.h"
#include "passes/infer.h"
#include "passes/pass.h"

namespace escuta::passes {
namespace {

using graph::kNoNode;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

constexpr size_t kMaxNodes = 100'000;

bool is_gradient(const Node& node) {
  return node.op_type == "Gradient" && node.domain == "ai.onnx.preview.training";
}

// One Gradient node.
class Expansion {
 public:
  Expansion(const graph::Model& model, graph::Graph& graph, NodeId id)
      : model_(model),
        graph_(graph),
        id_(id),
        node_(graph.node(id)),
        rewriter_(graph),
        build_(rewriter_) {}

  Status run() {
    RETURN_IF_ERROR(read_names());
    collect_nodes();
    substitute();
    RETURN_IF_ERROR(go_back());
    for (size_t i = 0; i < node_.outputs.size(); ++i) {
      if (node_.outputs[i] == kNoValue) continue;
      const auto found = gradients_.find(variables_[i]);
      const ValueId value =
          found == gradients_.end() ? build_.filled(0, substitutes_[variables_[i]]) : found->second;
      // Two outputs may be one value, but have two names.
      const ValueId result = build_.op("Identity", {value});
      if (!rewriter_.is_output(node_.outputs[i])) rename(node_.outputs[i], result);
      if (!rewriter_.replace(node_.outputs[i], result)) {
        return internal_error("a gradient cannot take the place of output {}", i);
      }
    }
    rewriter_.remove(id_);
    return rewriter_.finish(false);  // what only another Gradient names has no reader
  }

 private:
  Result<ValueId> find(const std::string& name) const {
    const ValueId id = graph_.find(name);
    if (id != kNoValue) return id;
    return invalid_argument("Gradient: expected names of its graph, found `{}`", name);
  }

  Status read_names() {
    const auto* xs = node_.get<std::vector<std::string>>("xs");
    const auto* zs = node_.get<std::vector<std::string>>("zs");
    const auto* y = node_.get<std::string>("y");
    if (xs == nullptr || y == nullptr) {
      return invalid_argument("Gradient: expected the attributes xs and y");
    }
    std::vector<std::string> names = *xs;
    if (zs != nullptr) names.insert(names.end(), zs->begin(), zs->end());
    if (names.size() != node_.inputs.size() || node_.outputs.size() > xs->size()) {
      return invalid_argument(
          "Gradient: expected {} inputs, one per name in xs and zs, and up to {} "
          "outputs, found {} and {}",
          names.size(), xs->size(), node_.inputs.size(), node_.outputs.size());
    }
    for (size_t i = 0; i < names.size(); ++i) {
      ASSIGN_OR_RETURN(const ValueId id, find(names[i]));
      if (node_.inputs[i] == kNoValue) {
        return invalid_argument("Gradient: expected a value for `{}`, found none", names[i]);
      }
      substitutes_[id] = node_.inputs[i];
      if (i >= xs->size()) continue;
      variables_.push_back(id);
      depends_.insert(id);
    }
    ASSIGN_OR_RETURN(target_, find(*y));
    return {};
  }

  // Other Gradient nodes may name `from`, whose place `to` takes.
  void rename(ValueId from, ValueId to) {
    const std::string before = graph_.value(from).name, after = graph_.value(to).name;
    for (size_t i = 0; i < graph_.nodes().size(); ++i) {
      Node& node = graph_.node(static_cast<NodeId>(i));
      if (!is_gradient(node)) continue;
      for (graph::Attribute& attribute : node.attributes) {
        if (auto* name = std::get_if<std::string>(&attribute.value)) {
          if (*name == before) *name = after;
        } else if (auto* names = std::get_if<std::vector<std::string>>(&attribute.value)) {
          std::replace(names->begin(), names->end(), before, after);
        }
      }
    }
  }

  // The nodes between the named values and the target, in the graph's order.
  void collect_nodes() {
    std::vector<ValueId> open = {target_};
    std::unordered_set<NodeId> seen;
    while (!open.empty()) {
      const ValueId id = open.back();
      open.pop_back();
      const NodeId producer = graph_.value(id).producer;
      if (substitutes_.count(id) != 0 || producer == kNoNode || !seen.insert(producer).second) {
        continue;
      }
      nodes_.push_back(producer);
      for (const ValueId input : graph::inputs_of(graph_.node(producer))) {
        if (input != kNoValue) open.push_back(input);
      }
    }
    std::sort(nodes_.begin(), nodes_.end());
  }

  ValueId now(ValueId id) const {
    const auto found = substitutes_.find(id);
    return found == substitutes_.end() ? id : found->second;
  }

  // Computes again what other values than the named ones are given for.
  void substitute() {
    for (const NodeId id : nodes_) {
      Node node = graph_.node(id);
      std::vector<ValueId> inputs = graph::inputs_of(node);
      std::erase(inputs, kNoValue);
      const auto changed = [&](ValueId input) { return now(input) != input; };
      const auto depends = [&](ValueId input) { return depends_.count(input) != 0; };
      if (std::any_of(inputs.begin(), inputs.end(), depends)) {
        for (const ValueId output : node.outputs) depends_.insert(output);
      }
      if (std::none_of(inputs.begin(), inputs.end(), changed)) continue;
      for (ValueId& input : node.inputs) input = input == kNoValue ? input : now(input);
      for (graph::Attribute& attribute : node.attributes) redirect(attribute);
      for (ValueId& output : node.outputs) {
        if (output == kNoValue) continue;
        const ValueId copy = rewriter_.add_value(graph_.value(output).name, {});
        substitutes_[output] = copy;
        output = copy;
      }
      rewriter_.add_node(std::move(node));
    }
  }

  void redirect(graph::Attribute& attribute) const {
    const auto change = [&](graph::GraphPtr& body) {
      auto copy = std::make_shared<graph::Graph>(*body);
      for (graph::Capture& capture : copy->captures) capture.outer = now(capture.outer);
      body = std::move(copy);
    };
    if (auto* body = std::get_if<graph::GraphPtr>(&attribute.value)) change(*body);
    if (auto* bodies = std::get_if<std::vector<graph::GraphPtr>>(&attribute.value)) {
      for (graph::GraphPtr& body : *bodies) change(body);
    }
  }

  Status go_back() {
    if (depends_.count(target_) != 0) gradients_[target_] = build_.filled(1, now(target_));
    for (size_t i = nodes_.size(); i-- > 0;) {
      const Node node = graph_.node(nodes_[i]);
      const auto wanted = [&](ValueId output) { return gradients_.count(output) != 0; };
      if (std::none_of(node.outputs.begin(), node.outputs.end(), wanted)) continue;
      if (!wanted(node.outputs[0]) ||
          std::any_of(node.outputs.begin() + 1, node.outputs.end(), wanted)) {
        return unimplemented("Gradient: expected derivatives of first outputs only, at {}",
                             node.to_string());
      }
      RETURN_IF_ERROR(go_through(node));
    }
    return {};
  }

  Status go_through(const Node& node) {
    Node here = node;
    bool copied = false;
    for (auto* list : {&here.inputs, &here.outputs}) {
      for (ValueId& id : *list) {
        copied = copied || (id != kNoValue && now(id) != id);
        id = id == kNoValue ? id : now(id);
      }
    }
    ASSIGN_OR_RETURN(const ops::Resolved resolved, ops::resolve(model_, node));
    Derivation derivation{.build = build_,
                          .node = here,
                          .version = resolved.version,
                          .ranks = {},
                          .same_shape = {},
                          .gradient = gradients_[node.outputs[0]],
                          .results = {}};
    for (const ValueId input : node.inputs) {
      const auto* shape = input == kNoValue || !graph_.value(input).fact.shape
                              ? nullptr
                              : &*graph_.value(input).fact.shape;
      derivation.ranks.push_back(shape == nullptr ? std::nullopt
                                                  : std::optional(static_cast<int>(shape->size())));
      derivation.same_shape.push_back(!copied && shape != nullptr &&
                                      surely_same(*shape, node.outputs[0]));
    }
    RETURN_IF_ERROR(differentiate(derivation));
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      const ValueId result = derivation.results[i];
      if (result == kNoValue || depends_.count(input) == 0) continue;
      const auto [place, fresh] = gradients_.emplace(input, result);
      if (!fresh) place->second = build_.op("Add", {place->second, result});
    }
    if (graph_.nodes().size() > kMaxNodes) {
      return resource_exhausted("gradients take more than {} nodes", kMaxNodes);
    }
    return {};
  }

  bool surely_same(const std::vector<graph::Dim>& shape, ValueId other) const {
    const auto& dims = graph_.value(other).fact.shape;
    return dims && *dims == shape && std::all_of(shape.begin(), shape.end(), [](const auto& dim) {
             return dim.is_known() || !dim.symbol().empty();
           });
  }

  const graph::Model& model_;
  graph::Graph& graph_;
  NodeId id_;
  Node node_;
  graph::Rewriter rewriter_;
  GradientBuilder build_;
  ValueId target_ = kNoValue;
  std::vector<ValueId> variables_;                    // those that xs names
  std::unordered_map<ValueId, ValueId> substitutes_;  // what stands for a value
  std::unordered_set<ValueId> depends_;               // values that change with variables
  std::vector<NodeId> nodes_;                         // from the variables to the target
  std::unordered_map<ValueId, ValueId> gradients_;    // of the target by each value
};

NodeId first_gradient(const graph::Graph& graph) {
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    if (is_gradient(graph.node(static_cast<NodeId>(i)))) return static_cast<NodeId>(i);
  }
  return kNoNode;
}

}  // namespace

Status expand_gradients(graph::Model& model) {
  bool any = false;
  const auto look = [&](graph::Graph& graph) -> Status {
    any = any || first_gradient(graph) != kNoNode;
    return {};
  };
  const auto expand = [&](graph::Graph& graph) -> Status {
    if (first_gradient(graph) == kNoNode) return {};
    for (NodeId id = first_gradient(graph); id != kNoNode; id = first_gradient(graph)) {
      const std::string name = graph.node(id).to_string();
      Status status = Expansion(model, graph, id).run();
      if (!status.ok()) return status.with_context(name);
    }
    return graph::Rewriter(graph).finish();
  };
  RETURN_IF_ERROR(for_each_graph(model, look));
  if (any) {
    RETURN_IF_ERROR(infer(model));  // shapes say where no sums are needed
    RETURN_IF_ERROR(for_each_graph(model, expand));
  }
  for (graph::Function& function : model.functions) {
    RETURN_IF_ERROR(for_each_graph(function.body, expand));
  }
  return {};
}

}  // namespace escuta::passes
