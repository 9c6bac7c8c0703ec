#include "passes/expose_attention.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "passes/match.h"
#include "passes/pass.h"

namespace escuta::passes {
namespace {

using graph::Dim;
using graph::kNoNode;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::Rewriter;
using graph::ValueId;

constexpr size_t kRank = 4;  // of queries and keys by heads

graph::Fact weights_fact(DType dtype, const std::string& heads) {
  graph::Fact fact;
  fact.dtype = dtype;
  fact.shape = Dims{Dim(), Dim(heads + "_count"), Dim(), Dim()};
  return fact;
}

graph::Fact heads_fact(const std::string& heads) {
  graph::Fact fact;
  fact.dtype = DType::kInt64;
  fact.shape = Dims{Dim(heads + "_count")};
  return fact;
}

// Finds the attention over `keys` in one graph, and computes its weights a second time.
class Tapper {
 public:
  Tapper(graph::Graph& graph, ValueId keys) : rewriter_(graph), keys_(keys) {
    for (ValueId at = keys; at != kNoValue; at = moved_from(at)) same_keys_.push_back(at);
  }

  // Whether this graph computes the keys, rather than being given them.
  bool makes_keys() const {
    ValueId at = keys_;
    while (rewriter_.producer(at, "Identity") != kNoNode) at = moved_from(at);
    return producer(at) != nullptr && rank(keys_) == kRank;
  }

  // The weights [B, n, T, S] of the heads that `heads` names; kNoValue where no attention over the
  // keys is found.
  ValueId weights(ValueId heads, const std::string& name) {
    const auto scores = find();
    return scores ? compute(*scores, heads, name) : kNoValue;
  }

  // Whether weights() would find one; it changes nothing.
  bool has_attention() const { return find().has_value(); }

  Status finish() { return rewriter_.finish(); }

 private:
  // A number that scores are multiplied by or divided through.
  struct Factor {
    std::string op_type;
    ValueId number = kNoValue;
  };
  struct Scores {
    ValueId q = kNoValue;  // [B, H, T, D]
    std::vector<Factor> factors;
  };

  size_t rank(ValueId id) const {
    const auto& shape = rewriter_.value(id).fact.shape;
    return shape ? shape->size() : 0;
  }

  const Node* producer(ValueId id) const {
    const NodeId found = rewriter_.value(id).producer;
    return found == kNoNode ? nullptr : &rewriter_.node(found);
  }

  // What a node that only moves elements moves; kNoValue for other values.
  ValueId moved_from(ValueId id) const {
    const Node* node = producer(id);
    if (node == nullptr || !node->domain.empty()) return kNoValue;
    const bool moves = node->op_type == "Transpose" || node->op_type == "Reshape" ||
                       node->op_type == "Identity" || node->op_type == "Cast";
    return moves ? node->inputs[0] : kNoValue;
  }

  bool is_number(ValueId id) const {
    const auto& shape = rewriter_.value(id).fact.shape;
    const Dim one(int64_t{1});
    return shape && std::ranges::all_of(*shape, [&](const Dim& dim) { return dim == one; });
  }

  // x of x * number or x / number; the number joins `factors`.
  ValueId scaled_from(ValueId id, std::vector<Factor>& factors) const {
    const Node* node = producer(id);
    if (node == nullptr) return kNoValue;
    const NodeId made = rewriter_.value(id).producer;
    const bool times = is_binary(rewriter_, made, "Mul"), by = is_binary(rewriter_, made, "Div");
    for (const size_t at : {size_t{1}, size_t{0}}) {
      if (!times && !(by && at == 1)) continue;
      if (!is_number(node->inputs[at]) || is_number(node->inputs[1 - at])) continue;
      factors.push_back({node->op_type, node->inputs[at]});
      return node->inputs[1 - at];
    }
    return kNoValue;
  }

  std::optional<Scores> find() const {
    for (const Node& node : rewriter_.graph().nodes()) {
      if (node.op_type != "Softmax" || !node.domain.empty()) continue;
      if (const auto scores = read(node.inputs[0])) return scores;
    }
    return std::nullopt;
  }

  // Up from the input of a softmax to a product with the keys.
  std::optional<Scores> read(ValueId id) const {
    Scores scores;
    for (;;) {
      const Node* node = producer(id);
      if (node == nullptr) return std::nullopt;
      if (node->op_type == "MatMul" && node->domain.empty()) break;
      const bool cast = node->op_type == "Cast" && node->domain.empty();
      id = cast ? node->inputs[0] : scaled_from(id, scores.factors);
      if (id == kNoValue) return std::nullopt;
    }
    const Node& product = *producer(id);
    if (!reaches_keys(product.inputs[1], scores.factors)) return std::nullopt;
    scores.q = by_heads(product.inputs[0], scores.factors);
    return scores.q == kNoValue ? std::nullopt : std::optional(scores);
  }

  bool reaches_keys(ValueId id, std::vector<Factor>& factors) const {
    while (id != kNoValue) {
      if (std::ranges::find(same_keys_, id) != same_keys_.end()) return true;
      const ValueId moved = moved_from(id);
      id = moved != kNoValue ? moved : scaled_from(id, factors);
    }
    return false;
  }

  // The queries before batch and heads became one dimension.
  ValueId by_heads(ValueId id, std::vector<Factor>& factors) const {
    while (id != kNoValue && rank(id) != kRank) {
      const ValueId moved = moved_from(id);
      const bool transposed = moved != kNoValue && producer(id)->op_type == "Transpose";
      if (transposed) return kNoValue;
      id = moved != kNoValue ? moved : scaled_from(id, factors);
    }
    return id;
  }

  ValueId add(const std::string& op_type, std::vector<ValueId> inputs, graph::Fact fact,
              const std::string& name, std::vector<graph::Attribute> attributes = {}) {
    Node node;
    node.op_type = op_type;
    node.name = name;
    node.inputs = std::move(inputs);
    node.outputs = {rewriter_.add_value(name, std::move(fact))};
    node.attributes = std::move(attributes);
    const ValueId output = node.outputs[0];
    rewriter_.add_node(std::move(node));
    return output;
  }

  // The operators and attributes are those of every version.
  ValueId compute(const Scores& scores, ValueId heads, const std::string& name) {
    const auto fact = [&] { return weights_fact(rewriter_.value(scores.q).fact.dtype, name); };
    const graph::Attribute by_head = make_attribute("axis", int64_t{1});
    const ValueId q = add("Gather", {scores.q, heads}, fact(), name + "/queries", {by_head});
    const ValueId k = add("Gather", {keys_, heads}, fact(), name + "/keys", {by_head});
    const ValueId columns = add("Transpose", {k}, fact(), name + "/columns",
                                {make_attribute("perm", std::vector<int64_t>{0, 1, 3, 2})});
    ValueId product = add("MatMul", {q, columns}, fact(), name + "/scores");
    for (const Factor& factor : scores.factors) {
      product = add(factor.op_type, {product, factor.number}, fact(), name + "/scaled");
    }
    return add("Softmax", {product}, fact(), name, {make_attribute("axis", int64_t{kRank - 1})});
  }

  Rewriter rewriter_;
  ValueId keys_;
  std::vector<ValueId> same_keys_;  // the keys, and what they were before elements were moved
};

Status no_attention(const AttentionTap& tap) {
  return failed_precondition(
      "expected softmax(Q K^T) of the keys `{}` as exporters write it, found none", tap.keys);
}

// Appends the weights to the branch's outputs. kUndefined where it does not make the keys, or gives
// some that nothing looks at: placeholders of those that it was given.
Result<DType> tap_branch(graph::Graph& branch, size_t output, ValueId heads_outside,
                         const AttentionTap& tap) {
  const Tapper before(branch, branch.outputs[output]);
  if (!before.makes_keys() || !before.has_attention()) return DType::kUndefined;
  graph::Value heads;
  heads.name = tap.heads;
  heads.fact = heads_fact(tap.heads);
  const ValueId inside = branch.add_value(std::move(heads));
  branch.captures.push_back({inside, heads_outside});
  Tapper tapper(branch, branch.outputs[output]);
  const ValueId weights = tapper.weights(inside, tap.weights + "/branch");
  if (weights == kNoValue) return no_attention(tap);
  const DType dtype = branch.value(weights).fact.dtype;
  branch.outputs.push_back(weights);
  RETURN_IF_ERROR(tapper.finish());
  return dtype;
}

Status give_nothing(graph::Graph& branch, DType dtype, const AttentionTap& tap) {
  ASSIGN_OR_RETURN(const Shape shape, Shape::create(std::vector<int64_t>(kRank, 0)));
  auto constant = std::make_shared<graph::Constant>();
  constant->dtype = dtype;
  constant->shape = shape;
  Rewriter rewriter(branch);
  Node node;
  node.op_type = "Identity";
  node.inputs = {rewriter.add_constant(tap.weights + "/nothing", std::move(constant))};
  node.outputs = {rewriter.add_value(tap.weights + "/none", weights_fact(dtype, tap.heads))};
  branch.outputs.push_back(node.outputs[0]);
  rewriter.add_node(std::move(node));
  return rewriter.finish();
}

// The If gives the weights that a branch of it computes.
Status tap_if(graph::Graph& graph, NodeId id, size_t output, ValueId heads,
              const AttentionTap& tap) {
  std::vector<std::shared_ptr<graph::Graph>> empty;
  DType dtype = DType::kUndefined;
  for (graph::Attribute& attribute : graph.node(id).attributes) {
    auto* body = std::get_if<graph::GraphPtr>(&attribute.value);
    if (body == nullptr) continue;
    auto copy = std::make_shared<graph::Graph>(**body);
    ASSIGN_OR_RETURN(const DType found, tap_branch(*copy, output, heads, tap));
    if (found == DType::kUndefined) {
      empty.push_back(copy);
    } else {
      dtype = found;
    }
    *body = std::move(copy);
  }
  if (dtype == DType::kUndefined) return no_attention(tap);
  for (const auto& branch : empty) RETURN_IF_ERROR(give_nothing(*branch, dtype, tap));
  graph::Value weights;
  weights.name = tap.weights;
  weights.fact = weights_fact(dtype, tap.heads);
  weights.producer = id;
  const ValueId given = graph.add_value(std::move(weights));
  graph.node(id).outputs.push_back(given);
  graph.outputs.push_back(given);
  return Status();
}

Status tap_graph(graph::Graph& graph, const AttentionTap& tap) {
  const ValueId keys = graph.find(tap.keys);
  const bool known =
      keys != kNoValue && std::ranges::find(graph.outputs, keys) != graph.outputs.end();
  if (!known) return failed_precondition("expected an output `{}`, found none", tap.keys);
  for (const std::string& name : {tap.heads, tap.weights}) {
    if (graph.find(name) == kNoValue) continue;
    return failed_precondition("expected no value `{}` yet, found one", name);
  }
  graph::Value input;
  input.name = tap.heads;
  input.fact = heads_fact(tap.heads);
  const ValueId heads = graph.add_value(std::move(input));
  graph.inputs.push_back(heads);
  const NodeId made = graph.value(keys).producer;
  if (made != kNoNode && graph.node(made).op_type == "If" && graph.node(made).domain.empty()) {
    const std::vector<ValueId>& given = graph.node(made).outputs;
    const auto output = static_cast<size_t>(std::ranges::find(given, keys) - given.begin());
    return tap_if(graph, made, output, heads, tap);
  }
  Tapper tapper(graph, keys);
  const ValueId weights = tapper.makes_keys() ? tapper.weights(heads, tap.weights) : kNoValue;
  if (weights == kNoValue) return no_attention(tap);
  graph.outputs.push_back(weights);
  return tapper.finish();
}

}  // namespace

Result<graph::Model> expose_attention(const graph::Model& model,
                                      std::span<const AttentionTap> taps) {
  ASSIGN_OR_RETURN(graph::Model tapped, optimize(model, {{"all"}, {}}));
  for (const AttentionTap& tap : taps) RETURN_IF_ERROR(tap_graph(tapped.graph, tap));
  RETURN_IF_ERROR(Rewriter(tapped.graph).finish());
  return tapped;
}

}  // namespace escuta::passes
