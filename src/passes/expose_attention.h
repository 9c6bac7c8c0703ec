// The weights of attentions as further outputs of a graph, for the heads that a caller names.
#pragma once

#include <span>
#include <string>

#include "base/status.h"
#include "graph/graph.h"

namespace escuta::passes {

// One attention of a graph, known by its keys.
struct AttentionTap {
  std::string keys;     // the output [B, H, S, D] that is the keys: "present.0.encoder.key"
  std::string heads;    // becomes an input, int64 [n]: which heads are wanted; none costs nothing
  std::string weights;  // becomes an output [B, n, T, S]: softmax of their scores
};

// A copy of the model with an input and an output more for each tap. The scores of the wanted heads
// are computed beside the attention itself, which stays as it is and may be fused as before. Where
// an If makes the keys (merged decoders), its branches that compute them get the nodes, the others
// give an empty tensor. FailedPrecondition: the graph has no such keys, or no softmax(Q K^T) of
// them that can be read.
Result<graph::Model> expose_attention(const graph::Model& model,
                                      std::span<const AttentionTap> taps);

}  // namespace escuta::passes
