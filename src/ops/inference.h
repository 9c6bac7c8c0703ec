// Shape and type inference of one node: from what is known of its inputs to what is known of its
// outputs. What cannot be known stays unknown; what contradicts the specification fails.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "ops/node_info.h"

namespace escuta::ops {

using graph::Dim;
using graph::Fact;
using Dims = std::vector<Dim>;

class Inference : public NodeInfo {
 public:
  Inference(const graph::Node& node, int version, std::vector<const Fact*> inputs)
      : NodeInfo(node, version, std::move(inputs)), outputs_(node.outputs.size()) {}

  // Facts of outputs start as unknown.
  Fact& output(size_t i) { return outputs_[i]; }
  std::vector<Fact>& outputs() { return outputs_; }

  // Ignored for outputs that nobody wants.
  void set(size_t i, DType dtype, std::optional<Dims> shape);
  // Output i is as input j: type, shape, and the elements where they are dimensions.
  void copy(size_t i, size_t j);

  // The dimensions of input i, if its rank is known.
  const std::optional<Dims>& shape(size_t i) const { return input(i).shape; }
  // The elements of input i, a vector or scalar of integers, as dimensions: from a constant, or
  // from Shape and arithmetic on it. Absent: not even their number is known.
  std::optional<Dims> shape_elements(size_t i) const;

  // The outputs of the body of graph attribute `name`, when its inputs are as given; filled in by
  // whoever knows how to infer graphs. Empty when it cannot be known.
  std::function<std::vector<Fact>(std::string_view name, std::vector<Fact> inputs)> infer_body;

 private:
  std::vector<Fact> outputs_;
};

// numpy's rules (ONNX specification, Broadcasting); a symbol against 1 gives the symbol, different
// symbols give unknown. Fails the node where two numbers do not fit.
std::optional<Dims> broadcast(const Inference& node, const std::optional<Dims>& a,
                              const std::optional<Dims>& b);

// axis in [-rank, rank) -> [0, rank); fails the node and gives 0 otherwise.
int normalize_axis(const NodeInfo& node, int64_t axis, int rank);

// Output 0 has the type and shape of input 0.
void infer_same(Inference& node);
// All inputs broadcast together; the type of input 0.
void infer_broadcast(Inference& node);
// The same, but booleans.
void infer_broadcast_bool(Inference& node);

}  // namespace escuta::ops
