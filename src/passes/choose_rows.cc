#include "passes/choose_rows.h"

#include <algorithm>
#include <array>
#include <vector>

#include "passes/match.h"

namespace escuta::passes {
namespace {

using graph::kNoNode;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::Rewriter;
using graph::ValueId;

class Chooser {
 public:
  Chooser(graph::Graph& graph, int64_t axis) : rewriter_(graph), axis_(axis) {}

  Result<bool> run(ValueId output, const std::string& input) {
    if (rank(output) == 0 || axis_ < 0 || axis_ + 1 >= rank(output)) return false;
    std::vector<Link> chain;  // from the output back
    ValueId at = output;
    for (;;) {
      const auto link = row_by_row(at);
      if (!link) break;
      chain.push_back(*link);
      at = rewriter_.node(link->node).inputs[link->operand];
      if (rewriter_.only_user(at) == kNoNode) break;
    }
    if (chain.empty()) return false;
    ValueId rows = gather(at, add_input(input));
    for (auto link = chain.rbegin(); link != chain.rend(); ++link) {
      Node node = rewriter_.node(link->node);
      node.inputs[link->operand] = rows;
      rows = fewer(node.outputs[0]);
      node.outputs = {rows};
      rewriter_.add_node(std::move(node));
    }
    if (!rewriter_.replace(output, rows))
      return internal_error("the rows of an output stay unused");
    RETURN_IF_ERROR(rewriter_.finish());
    return true;
  }

 private:
  struct Link {
    NodeId node = kNoNode;
    size_t operand = 0;  // the input whose rows are the output's
  };

  int64_t rank(ValueId id) const {
    const auto& shape = rewriter_.value(id).fact.shape;
    return shape ? static_cast<int64_t>(shape->size()) : 0;
  }
  bool is_constant(ValueId id, int64_t most_dimensions) const {
    const auto& constant = rewriter_.value(id).fact.constant;
    return constant != nullptr && constant->shape.rank() <= most_dimensions;
  }

  // The node that makes `id`, if it makes each row of it from that row of one operand.
  std::optional<Link> row_by_row(ValueId id) const {
    const NodeId made = rewriter_.value(id).producer;
    if (made == kNoNode) return std::nullopt;
    const Node& node = rewriter_.node(made);
    if (!node.domain.empty() || node.outputs.size() != 1 || node.inputs.empty()) return {};
    static constexpr std::array<std::string_view, 6> kUnary = {"Cast", "Identity", "Gelu",
                                                               "Erf",  "Relu",     "Tanh"};
    size_t operand = 0;
    bool fits = std::find(kUnary.begin(), kUnary.end(), node.op_type) != kUnary.end();
    if (node.op_type == "MatMul") {
      const auto& b = rewriter_.value(node.inputs[1]).fact.constant;
      fits = b != nullptr && b->shape.rank() == 2;
    } else if (is_binary(rewriter_, made, "Add") || is_binary(rewriter_, made, "Mul")) {
      operand = is_constant(node.inputs[0], 1) ? 1 : 0;
      fits = is_constant(node.inputs[1 - operand], 1);
    } else if (node.op_type == "LayerNormalization") {
      const auto* over = node.get<int64_t>("axis");
      fits = over == nullptr || *over == -1 || *over == rank(id) - 1;
    }
    if (!fits || rank(node.inputs[operand]) != rank(id)) return std::nullopt;
    return Link{made, operand};
  }

  ValueId add_input(const std::string& name) {
    graph::Fact fact;
    fact.dtype = DType::kInt64;
    fact.shape = Dims{graph::Dim(name + "_count")};
    const ValueId id = rewriter_.add_value(name, std::move(fact));
    rewriter_.graph().inputs.push_back(id);
    return id;
  }

  // A value like `id` with as many rows as are chosen.
  ValueId fewer(ValueId id) {
    graph::Fact fact = rewriter_.value(id).fact;
    fact.constant = nullptr;
    (*fact.shape)[static_cast<size_t>(axis_)] = graph::Dim();
    return rewriter_.add_value("rows", std::move(fact));
  }

  ValueId gather(ValueId from, ValueId indices) {
    Node node;
    node.op_type = "Gather";
    node.opset = 13;
    node.inputs = {from, indices};
    node.attributes = {make_attribute("axis", axis_)};
    const ValueId rows = fewer(from);
    node.outputs = {rows};
    rewriter_.add_node(std::move(node));
    return rows;
  }

  Rewriter rewriter_;
  int64_t axis_;
};

}  // namespace

Result<bool> choose_rows(graph::Model& model, const std::string& output, int64_t axis,
                         const std::string& input) {
  const ValueId found = model.graph.find(output);
  if (found == kNoValue || model.graph.find(input) != kNoValue) return false;
  return Chooser(model.graph, axis).run(found, input);
}

}  // namespace escuta::passes
