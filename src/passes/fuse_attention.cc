// softmax(scale * Q K^T + mask) V (Vaswani et al., 2017), as exporters write it, -> one node that
// never has all scores in memory: MultiHeadAttention of com.microsoft where the heads come from and
// go to [B, T, H * D], Attention of ai.onnx 23 over [B, H, T, D] elsewhere.
//
// Nobody else may read scores or weights. A query from which -infinity hides all keys gives zeros
// then, where softmax gave NaN.
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "passes/heads.h"
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

class Fuser {
 public:
  Fuser(const graph::Model& model, graph::Graph& graph) : model_(model), rewriter_(graph) {}

  Status run() {
    const size_t count = rewriter_.graph().nodes().size();
    for (size_t i = 0; i < count; ++i) fuse(static_cast<NodeId>(i));
    return rewriter_.finish();
  }

 private:
  struct Match {
    ValueId q = kNoValue, v = kNoValue;  // [B, H, T, D], or [N, T, D]
    ValueId columns = kNoValue;          // [B, H, D, S], or [N, D, S]: what Q is multiplied by
    ValueId k = kNoValue;                // as q, or, where nothing made columns of that:
    ValueId k_rows = kNoValue;           // [B, S, H, D], or nothing
    ValueId mask = kNoValue;             // added to the scores
    double scale = 1;
    ValueId scores = kNoValue;  // the product itself
    ValueId heads = kNoValue;   // the result, as q
  };

  const std::optional<Dims>& shape(ValueId id) const { return rewriter_.value(id).fact.shape; }
  size_t rank(ValueId id) const { return shape(id) ? shape(id)->size() : 0; }
  const Node& producer_of(ValueId id) const {
    static const Node kNothing;
    const NodeId found = rewriter_.value(id).producer;
    return found == kNoNode ? kNothing : rewriter_.node(found);
  }

  // --- What is there ---

  bool over_last_axis(const Node& softmax) const {
    const int64_t opset = softmax.opset != 0 ? softmax.opset : model_.opset("");
    const auto* axis = softmax.get<int64_t>("axis");
    const int64_t at = axis != nullptr ? *axis : opset < 13 ? 1 : -1;
    const auto dimensions = static_cast<int64_t>(rank(softmax.inputs[0]));
    return dimensions > 0 && (at == -1 || at == dimensions - 1);
  }

  // Numbers that multiply an operand multiply the scores just as well.
  void take_scale(ValueId& operand, double& scale) const {
    for (;;) {
      const NodeId id = rewriter_.value(operand).producer;
      const auto found = id == kNoNode ? std::nullopt : scaled(rewriter_, id);
      if (!found || rank(found->x) != rank(operand)) return;
      operand = found->x;
      scale *= found->factor;
    }
  }

  // Whether `id` is a product, scaled perhaps, that nobody else reads.
  bool is_product(ValueId id) const {
    while (rewriter_.only_user(id) != kNoNode) {
      if (rewriter_.producer(id, "MatMul") != kNoNode) return true;
      const NodeId made = rewriter_.value(id).producer;
      const auto found = made == kNoNode ? std::nullopt : scaled(rewriter_, made);
      if (!found) return false;
      id = found->x;
    }
    return false;
  }

  // From softmax's input up to the product.
  bool read_scores(ValueId id, Match& match) const {
    while (rewriter_.only_user(id) != kNoNode && rewriter_.value(id).producer != kNoNode) {
      const NodeId made = rewriter_.value(id).producer;
      const Node& node = rewriter_.node(made);
      if (rewriter_.producer(id, "MatMul") != kNoNode) {
        match.q = node.inputs[0];
        match.columns = node.inputs[1];
        match.scores = id;
        return true;
      }
      if (const auto found = scaled(rewriter_, made)) {
        match.scale *= found->factor;
        id = found->x;
      } else if (is_binary(rewriter_, made, "Add") && match.mask == kNoValue && match.scale == 1) {
        const size_t at = is_product(node.inputs[0]) ? 0 : 1;
        if (!is_product(node.inputs[at])) return false;
        match.mask = node.inputs[1 - at];
        id = node.inputs[at];
      } else {
        return false;
      }
    }
    return false;
  }

  // The keys behind what Q was multiplied by, where they are there.
  void read_keys(Match& match) const {
    if (rank(match.columns) == 3) {
      match.k = transposed(rewriter_, match.columns, {0, 2, 1});
    } else {
      match.k = transposed(rewriter_, match.columns, {0, 1, 3, 2});
      match.k_rows = transposed(rewriter_, match.columns, {0, 2, 3, 1});
    }
    if (match.k != kNoValue) take_scale(match.k, match.scale);
  }

  // Whether a product has one matrix of `b` for each of `a`, none shared.
  static bool goes_with(const Dim& a, const Dim& b) {
    if (surely_same(a, b)) return true;
    if (!a.symbol().empty() && !b.symbol().empty()) return false;
    const Dim one(int64_t{1});
    return a.may_equal(b) && a != one && b != one;
  }

  bool batches_fit(const Match& match) const {
    const size_t dimensions = rank(match.q);
    if (dimensions < 3 || dimensions > 4 || rank(match.columns) != dimensions ||
        rank(match.v) != dimensions) {
      return false;
    }
    for (size_t i = 0; i + 2 < dimensions; ++i) {
      const Dim& dim = (*shape(match.q))[i];
      if (!goes_with(dim, (*shape(match.columns))[i]) || !goes_with(dim, (*shape(match.v))[i])) {
        return false;
      }
    }
    return true;
  }

  // Whether adding the mask leaves the scores' shape as it is, with a number for every key.
  bool mask_fits(const Match& match) const {
    if (match.mask == kNoValue) return true;
    const auto& mask = shape(match.mask);
    const auto& scores = shape(match.scores);
    if (!mask || !scores || mask->empty() || mask->size() > scores->size()) return false;
    const Dim one(int64_t{1});
    for (size_t i = 0; i < mask->size(); ++i) {
      const Dim& dim = (*mask)[mask->size() - 1 - i];
      const Dim& all = (*scores)[scores->size() - 1 - i];
      const bool repeats = i > 0 && dim == one;
      if (!repeats && (!dim.may_equal(all) || dim == one || (all == one && dim != one))) {
        return false;
      }
    }
    return true;
  }

  std::optional<Match> read(NodeId id) const {
    const Node& softmax = rewriter_.node(id);
    if (softmax.op_type != "Softmax" || !softmax.domain.empty() || !over_last_axis(softmax)) {
      return std::nullopt;
    }
    const ValueId weights = softmax.outputs[0];
    const NodeId product = rewriter_.only_user(weights);
    if (product == kNoNode || rewriter_.node(product).op_type != "MatMul" ||
        !rewriter_.node(product).domain.empty()) {
      return std::nullopt;
    }
    Match match;
    const Node& last = rewriter_.node(product);
    if (last.inputs[0] != weights || last.inputs[1] == weights) return std::nullopt;
    match.v = last.inputs[1];
    match.heads = last.outputs[0];
    if (!read_scores(softmax.inputs[0], match)) return std::nullopt;
    take_scale(match.q, match.scale);
    take_scale(match.columns, match.scale);
    const bool floats = rewriter_.value(match.q).fact.dtype == DType::kFloat;
    if (!floats || !batches_fit(match) || !mask_fits(match)) return std::nullopt;
    read_keys(match);
    const auto scale = static_cast<float>(match.scale);
    return std::isfinite(scale) && scale != 0 ? std::optional(match) : std::nullopt;
  }

  // --- What takes its place ---

  void fuse(NodeId id) {
    const auto match = read(id);
    if (!match) return;
    if (rank(match->q) == 3) {
      put(multi_head(*match, 1, match->q, keys_of(*match), match->v), match->heads);
    } else if (!fuse_flat(*match)) {
      put(plain(*match), match->heads);
    }
  }

  // The result where its heads are put side by side; kNoValue: they are not.
  ValueId joined(ValueId heads) const {
    const NodeId transpose = rewriter_.only_user(heads);
    if (transpose == kNoNode) return kNoValue;
    const ValueId rows = rewriter_.node(transpose).outputs[0];
    if (transposed(rewriter_, rows, {0, 2, 1, 3}) != heads) return kNoValue;
    const NodeId reshape = rewriter_.only_user(rows);
    if (reshape == kNoNode || rewriter_.node(reshape).op_type != "Reshape" ||
        !rewriter_.node(reshape).domain.empty()) {
      return kNoValue;
    }
    const ValueId result = rewriter_.node(reshape).outputs[0];
    if (rank(result) != 3 || rank(rows) != 4) return kNoValue;
    const Dim &count = (*shape(rows))[2], &size = (*shape(rows))[3], &width = (*shape(result))[2];
    int64_t all = 0;
    const bool fits = count.is_known() && size.is_known() && width.is_known() &&
                      !__builtin_mul_overflow(count.value(), size.value(), &all) &&
                      all == width.value() && all > 0;
    return fits && keeps_rows(rewriter_, rewriter_.node(reshape)) ? result : kNoValue;
  }

  bool fuse_flat(const Match& match) {
    const auto q = split_heads(rewriter_, match.q);
    const ValueId result = joined(match.heads);
    if (!q || result == kNoValue) return false;
    const auto k = match.k != kNoValue        ? split_heads(rewriter_, match.k)
                   : match.k_rows != kNoValue ? split_rows(rewriter_, match.k_rows)
                                              : std::nullopt;
    const auto v = split_heads(rewriter_, match.v);
    const bool flat = k && v && k->count == q->count && v->count == q->count;
    // Heads that somebody else wants to have are there anyway, and closer together.
    const bool apart = match.k != kNoValue && (!flat || is_kept(match.k) || is_kept(match.v));
    const Dim heads(q->count);
    if (apart && (*shape(match.k))[1] == heads && (*shape(match.v))[1] == heads) {
      put(multi_head(match, q->count, q->flat, match.k, match.v), result);
      return true;
    }
    if (!flat) return false;
    put(multi_head(match, q->count, q->flat, k->flat, v->flat), result);
    return true;
  }

  bool is_kept(ValueId id) const { return rewriter_.only_user(id) == kNoNode; }

  Node multi_head(const Match& match, int64_t heads, ValueId q, ValueId k, ValueId v) {
    Node node;
    node.op_type = "MultiHeadAttention";
    node.domain = "com.microsoft";
    node.opset = 1;
    node.inputs = {q, k, v};
    if (match.mask != kNoValue) {
      node.inputs.insert(node.inputs.end(), {kNoValue, kNoValue, mask_of_four(match)});
    }
    node.attributes = {make_attribute("num_heads", heads),
                       make_attribute("scale", static_cast<float>(match.scale))};
    return node;
  }

  // The keys as Q is: what Q was multiplied by with its last two dimensions swapped back, in one
  // step with a transposition that made it.
  ValueId keys_of(const Match& match) {
    if (match.k != kNoValue) return match.k;
    std::vector<int64_t> perm;
    for (size_t i = 0; i < rank(match.columns); ++i) perm.push_back(static_cast<int64_t>(i));
    ValueId from = match.columns;
    const NodeId made = rewriter_.producer(from, "Transpose");
    if (made != kNoNode) {
      const auto* own = rewriter_.node(made).get<std::vector<int64_t>>("perm");
      if (own != nullptr && own->size() == perm.size()) {
        perm = *own;
        from = rewriter_.node(made).inputs[0];
      }
    }
    std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
    graph::Fact fact;
    fact.dtype = DType::kFloat;
    fact.shape = *shape(match.columns);
    std::swap((*fact.shape)[perm.size() - 1], (*fact.shape)[perm.size() - 2]);
    const ValueId keys = rewriter_.add_value("keys", std::move(fact));
    Node node;
    node.op_type = "Transpose";
    node.opset = 13;
    node.inputs = {from};
    node.outputs = {keys};
    node.attributes = {make_attribute("perm", std::move(perm))};
    rewriter_.add_node(std::move(node));
    return keys;
  }

  Node plain(const Match& match) {
    Node node;
    node.op_type = "Attention";
    node.opset = 23;
    node.inputs = {match.q, keys_of(match), match.v};
    if (match.mask != kNoValue) node.inputs.push_back(match.mask);
    node.attributes = {make_attribute("scale", static_cast<float>(match.scale))};
    return node;
  }

  // The mask as [B or 1, H or 1, T or 1, S]; [N, T, S] has N for B.
  ValueId mask_of_four(const Match& match) {
    const size_t own = rank(match.mask);
    if (own == 4) return match.mask;
    ValueId& known = masks_[match.mask];
    if (known != 0) return known;
    std::vector<int64_t> axes;
    if (own == 3) axes = {rank(match.scores) == 3 ? int64_t{1} : int64_t{0}};
    for (int64_t i = 0; own < 3 && i < static_cast<int64_t>(4 - own); ++i) axes.push_back(i);
    Dims dims = *shape(match.mask);
    for (const int64_t axis : axes) dims.insert(dims.begin() + axis, Dim(int64_t{1}));
    Node node;
    node.op_type = "Unsqueeze";
    node.opset = 13;
    node.inputs = {match.mask, add_ints(rewriter_, "axes", axes)};
    graph::Fact fact;
    fact.dtype = DType::kFloat;
    fact.shape = std::move(dims);
    known = rewriter_.add_value("mask", std::move(fact));
    node.outputs = {known};
    rewriter_.add_node(std::move(node));
    return known;
  }

  void put(Node node, ValueId result) {
    node.name = producer_of(result).name;
    put_node(rewriter_, std::move(node), result);
  }

  const graph::Model& model_;
  Rewriter rewriter_;
  std::unordered_map<ValueId, ValueId> masks_;  // with four dimensions
};

}  // namespace

Status fuse_attention(graph::Model& model) {
  return for_each_graph(model, [&](graph::Graph& graph) { return Fuser(model, graph).run(); });
}

}  // namespace escuta::passes
