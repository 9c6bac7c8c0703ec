#include "passes/infer.h"

#include "ops/inference.h"
#include "ops/resolve.h"

namespace escuta::passes {
namespace {

using graph::Dim;
using graph::Fact;
using graph::Graph;
using graph::GraphPtr;
using graph::kNoValue;

// What is known from both: `found` leads, `declared` fills its gaps.
void merge(const Fact& declared, Fact& found) {
  if (found.dtype == DType::kUndefined && found.other == nullptr) {
    found.dtype = declared.dtype;
    found.other = declared.other;
  }
  if (!declared.shape) return;
  if (!found.shape) {
    found.shape = declared.shape;
    return;
  }
  if (found.shape->size() != declared.shape->size()) return;
  for (size_t i = 0; i < found.shape->size(); ++i) {
    Dim& dim = (*found.shape)[i];
    const Dim& other = (*declared.shape)[i];
    if (dim.is_known()) continue;
    if (other.is_known() || dim.symbol().empty()) dim = other;
  }
}

class Inferrer {
 public:
  explicit Inferrer(const graph::Model& model) : model_(model) {}

  Status infer_graph(Graph& graph) {
    for (size_t i = 0; i < graph.nodes().size(); ++i) {
      const auto id = static_cast<graph::NodeId>(i);
      Status status = infer_node(graph, graph.node(id));
      if (!status.ok()) return status.with_context(graph.node(id).to_string());
    }
    return Status();
  }

 private:
  Status infer_node(Graph& graph, graph::Node& node) {
    Result<ops::Resolved> resolved = ops::resolve(model_, node);
    // An operator that this program does not know may run on a provider that does.
    if (!resolved.ok()) return Status();
    std::vector<const Fact*> inputs;
    for (const graph::ValueId input : node.inputs) {
      inputs.push_back(input == kNoValue ? nullptr : &graph.value(input).fact);
    }
    ops::Inference inference(node, resolved->version, std::move(inputs));
    Status body_status;
    inference.infer_body = [&](std::string_view name, std::vector<Fact> facts) {
      Result<std::vector<Fact>> found = infer_body(graph, node, name, std::move(facts));
      if (!found.ok()) {
        if (body_status.ok()) body_status = found.status();
        return std::vector<Fact>();
      }
      return std::move(found).value();
    };
    resolved->op->infer(inference);
    RETURN_IF_ERROR(body_status);
    RETURN_IF_ERROR(inference.status());
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == kNoValue) continue;
      graph::Value& value = graph.value(node.outputs[i]);
      Fact found = std::move(inference.output(i));
      merge(value.fact, found);
      value.fact = std::move(found);
    }
    return Status();
  }

  // The body is copied, for it may be shared; the node gets the copy.
  Result<std::vector<Fact>> infer_body(const Graph& outer, graph::Node& node, std::string_view name,
                                       std::vector<Fact> facts) {
    for (graph::Attribute& attribute : node.attributes) {
      auto* body = std::get_if<GraphPtr>(&attribute.value);
      if (body == nullptr || attribute.name != name) continue;
      auto copy = std::make_shared<Graph>(**body);
      for (size_t i = 0; i < copy->inputs.size() && i < facts.size(); ++i) {
        Fact& fact = copy->value(copy->inputs[i]).fact;
        merge(fact, facts[i]);
        fact = std::move(facts[i]);
      }
      for (const graph::Capture& capture : copy->captures) {
        copy->value(capture.inner).fact = outer.value(capture.outer).fact;
      }
      RETURN_IF_ERROR(infer_graph(*copy));
      std::vector<Fact> results;
      for (const graph::ValueId output : copy->outputs) results.push_back(copy->value(output).fact);
      *body = std::move(copy);
      return results;
    }
    return std::vector<Fact>();
  }

  const graph::Model& model_;
};

}  // namespace

Status infer(graph::Model& model) { return Inferrer(model).infer_graph(model.graph); }

}  // namespace escuta::passes
