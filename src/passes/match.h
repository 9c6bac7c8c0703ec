// What passes that look for patterns ask of a graph, and how they put a node in a pattern's place.
//
// Every question is answered from what inference found: what is not known is "no". One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/rewriter.h"

namespace escuta::passes {

using Dims = std::vector<graph::Dim>;

// The number in a constant of one float element (float, double, half types).
std::optional<double> number_of(const graph::Value& value);
// The elements of a constant vector or scalar of int64 or int32.
std::optional<std::vector<int64_t>> integers_of(const graph::Value& value);
// Whether the value is a constant float vector [size].
bool is_float_vector(const graph::Value& value, int64_t size);

// The same number in every run.
bool surely_same(const graph::Dim& a, const graph::Dim& b);
bool surely_same(const std::optional<Dims>& a, const std::optional<Dims>& b);

// x * factor, in the shape of x.
struct Scaled {
  graph::ValueId x = graph::kNoValue;
  double factor = 1;
};
// Of a Mul or Div by a constant number.
std::optional<Scaled> scaled(const graph::Rewriter& rewriter, graph::NodeId id);

// Whether the node is Add, Mul, ... of numpy's broadcasting; before opset 7 attributes said how.
bool is_binary(const graph::Rewriter& rewriter, graph::NodeId id, std::string_view op_type);
// The operand of a binary node that is not `operand`; kNoValue where both are.
graph::ValueId other_operand(const graph::Node& node, graph::ValueId operand);
// The operand beside a constant number near `number`: relative to it, the rounding of a half type
// where the constant is of one.
graph::ValueId beside(const graph::Rewriter& rewriter, graph::NodeId id, double number);
bool is_near(const graph::Value& value, double number);

graph::Attribute make_attribute(std::string name, int64_t value);
graph::Attribute make_attribute(std::string name, float value);
graph::Attribute make_attribute(std::string name, std::string value);
graph::Attribute make_attribute(std::string name, std::vector<int64_t> value);

// A constant vector of int64.
graph::ValueId add_ints(graph::Rewriter& rewriter, std::string_view hint,
                        const std::vector<int64_t>& values);

// A new node, complete but for its outputs, makes what `like` is now. Gives its value.
graph::ValueId add_node_like(graph::Rewriter& rewriter, graph::Node node, graph::ValueId like);
// The same in the place of `like`. False, and nobody reads the new node, where `like` must stay.
bool put_node(graph::Rewriter& rewriter, graph::Node node, graph::ValueId like);

}  // namespace escuta::passes
