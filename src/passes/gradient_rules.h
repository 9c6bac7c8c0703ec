// What the derivative of each operator is, as nodes.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/rewriter.h"

namespace escuta::passes {

// Puts nodes into a graph, of operator set 18 whatever the model's is.
class GradientBuilder {
 public:
  explicit GradientBuilder(graph::Rewriter& rewriter) : rewriter_(rewriter) {}

  graph::ValueId op(std::string_view type, std::vector<graph::ValueId> inputs,
                    std::vector<graph::Attribute> attributes = {});
  graph::ValueId ints(const std::vector<int64_t>& values);  // a constant vector
  // A scalar of the element type of `like`.
  graph::ValueId number(float value, graph::ValueId like);
  // A tensor like `like`, all elements `value`.
  graph::ValueId filled(float value, graph::ValueId like);
  // The gradient of a value that x was broadcast to, as a gradient of x.
  graph::ValueId sum_to(graph::ValueId gradient, graph::ValueId x);
  // The same elements in x's shape.
  graph::ValueId shaped_as(graph::ValueId value, graph::ValueId x);
  // A node as `node` is, with other attributes and an output of its own.
  graph::ValueId again(graph::Node node, std::vector<graph::Attribute> attributes);

 private:
  graph::Rewriter& rewriter_;
};

graph::Attribute int_attribute(std::string name, int64_t value);
graph::Attribute ints_attribute(std::string name, std::vector<int64_t> value);

// One node on the way back: from the gradient of its output to those of its inputs.
struct Derivation {
  GradientBuilder& build;
  const graph::Node& node;
  int version;                            // of its operator
  std::vector<std::optional<int>> ranks;  // of its inputs
  std::vector<bool> same_shape;           // each input has the output's shape for certain
  graph::ValueId gradient;                // of output 0
  std::vector<graph::ValueId> results;    // of inputs; kNoValue: none flows back

  graph::ValueId x(size_t i) const { return node.inputs[i]; }
  graph::ValueId y() const { return node.outputs[0]; }
  // The gradient of input i, which may have been broadcast.
  void give(size_t i, graph::ValueId value) {
    results[i] = same_shape[i] ? value : build.sum_to(value, x(i));
  }
};

// Fills derivation.results. Unimplemented.
Status differentiate(Derivation& derivation);

}  // namespace escuta::passes
