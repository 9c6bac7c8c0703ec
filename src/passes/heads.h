// Heads of attention in a graph: how exporters put them side by side and apart.
#pragma once

#include <optional>
#include <vector>

#include "passes/match.h"

namespace escuta::passes {

// x of Transpose(x, perm); kNoValue when `id` is not that.
graph::ValueId transposed(const graph::Rewriter& rewriter, graph::ValueId id,
                          const std::vector<int64_t>& perm);

// Whether a Reshape of x to y keeps the first two dimensions; the product of the others is known
// to be the same.
bool keeps_rows(const graph::Rewriter& rewriter, const graph::Node& reshape);

// Heads side by side: `flat` [B, T, count * size].
struct Split {
  graph::ValueId flat = graph::kNoValue;
  int64_t count = 0;
};

// What a [B, T, H, D] is a reshaped [B, T, H * D] of.
std::optional<Split> split_rows(const graph::Rewriter& rewriter, graph::ValueId rows);
// The same of [B, H, T, D].
std::optional<Split> split_heads(const graph::Rewriter& rewriter, graph::ValueId heads);

}  // namespace escuta::passes
