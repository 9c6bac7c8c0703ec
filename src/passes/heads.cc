#include "passes/heads.h"

namespace escuta::passes {

using graph::Dim;
using graph::kNoNode;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::Rewriter;
using graph::ValueId;

ValueId transposed(const Rewriter& rewriter, ValueId id, const std::vector<int64_t>& perm) {
  const NodeId found = rewriter.producer(id, "Transpose");
  if (found == kNoNode) return kNoValue;
  const auto* own = rewriter.node(found).get<std::vector<int64_t>>("perm");
  return own != nullptr && *own == perm ? rewriter.node(found).inputs[0] : kNoValue;
}

bool keeps_rows(const Rewriter& rewriter, const Node& reshape) {
  const auto& from = rewriter.value(reshape.inputs[0]).fact.shape;
  const auto& to = rewriter.value(reshape.outputs[0]).fact.shape;
  if (!from || !to || from->size() < 2 || to->size() < 2 || reshape.inputs.size() != 2) {
    return false;
  }
  const auto* allow_zero = reshape.get<int64_t>("allowzero");
  const auto target = integers_of(rewriter.value(reshape.inputs[1]));
  const bool zeros = target && target->size() >= 2 && (allow_zero == nullptr || *allow_zero == 0);
  if (zeros && ((*target)[0] == 0 || (*target)[1] == 0)) return true;
  return surely_same((*from)[0], (*to)[0]) || surely_same((*from)[1], (*to)[1]);
}

std::optional<Split> split_rows(const Rewriter& rewriter, ValueId rows) {
  const NodeId id = rewriter.producer(rows, "Reshape");
  const auto& apart = rewriter.value(rows).fact.shape;
  if (id == kNoNode || !apart || apart->size() != 4) return std::nullopt;
  const Node& reshape = rewriter.node(id);
  const ValueId flat = reshape.inputs[0];
  const auto& together = rewriter.value(flat).fact.shape;
  const Dim &heads = (*apart)[2], &size = (*apart)[3];
  if (!together || together->size() != 3 || !heads.is_known() || !size.is_known()) {
    return std::nullopt;
  }
  const Dim& width = (*together)[2];
  int64_t all = 0;
  if (!width.is_known() || __builtin_mul_overflow(heads.value(), size.value(), &all) ||
      all != width.value() || all == 0 || !keeps_rows(rewriter, reshape)) {
    return std::nullopt;
  }
  return Split{flat, heads.value()};
}

std::optional<Split> split_heads(const Rewriter& rewriter, ValueId heads) {
  const ValueId rows = transposed(rewriter, heads, {0, 2, 1, 3});
  return rows == kNoValue ? std::nullopt : split_rows(rewriter, rows);
}

}  // namespace escuta::passes
