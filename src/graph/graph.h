// The typed graph that passes rewrite and providers compile.
//
// Nodes and values live in vectors of their graph and are named by index.
// Invariants of a graph that import gives: every value has one definition (a
// node, a graph input, an initializer or a value of the outer graph); nodes
// come after what they use; names are distinct. A graph within a node's
// attribute reaches outer values through its captures only. Const methods from
// any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "graph/fact.h"
#include "onnx/model.h"

namespace escuta::graph {

using ValueId = int32_t;
using NodeId = int32_t;
inline constexpr ValueId kNoValue = -1;  // an optional input or output that is absent
inline constexpr NodeId kNoNode = -1;

class Graph;
using GraphPtr = std::shared_ptr<const Graph>;

struct Attribute {
  std::string name;
  onnx::AttributeDef::Type type = onnx::AttributeDef::Type::kUndefined;
  // The alternative that `type` says; monostate where ref_attr_name is set.
  std::variant<std::monostate, float, int64_t, std::string, ConstantPtr, GraphPtr,
               SparseConstantPtr, TypePtr, std::vector<float>, std::vector<int64_t>,
               std::vector<std::string>, std::vector<ConstantPtr>, std::vector<GraphPtr>,
               std::vector<SparseConstantPtr>, std::vector<TypePtr>>
      value;
  std::string ref_attr_name;  // inside functions: the attribute of the call that
                              // is meant
};

struct Node {
  std::string name;  // may be empty or shared
  std::string op_type;
  std::string domain;  // "" is ai.onnx
  std::string overload;
  int64_t opset = 0;             // of its domain, where it came from a function; 0: the model's
  std::vector<ValueId> inputs;   // kNoValue: absent
  std::vector<ValueId> outputs;  // kNoValue: not wanted
  std::vector<Attribute> attributes;
  std::string doc;
  onnx::StringPairs metadata;

  const Attribute* attribute(std::string_view attribute_name) const;
  // The attribute's value, or nullptr when it is absent or of another type.
  template <typename T>
  const T* get(std::string_view attribute_name) const {
    const Attribute* found = attribute(attribute_name);
    return found == nullptr ? nullptr : std::get_if<T>(&found->value);
  }
  // The graphs in its attributes.
  std::vector<GraphPtr> subgraphs() const;
  // "node `/encoder/Conv` (Conv)"
  std::string to_string() const;
};

struct Value {
  std::string name;
  Fact fact;                 // fact.constant is set for initializers
  SparseConstantPtr sparse;  // a sparse initializer
  // Of an optional input, where fact.constant is not to be relied on (passes::optimize).
  ConstantPtr default_value;
  NodeId producer = kNoNode;  // kNoNode: input, initializer or captured
};

// A value of the outer graph that a subgraph uses.
struct Capture {
  ValueId inner;
  ValueId outer;  // in the graph that has the node
};

class Graph {
 public:
  std::string name;
  std::string doc;
  onnx::StringPairs metadata;
  std::vector<ValueId> inputs;           // what a caller must give, in order
  std::vector<ValueId> optional_inputs;  // inputs with a default: their initializer
  std::vector<ValueId> outputs;
  std::vector<Capture> captures;  // empty for the model's own graph
  std::vector<onnx::QuantAnnotation> quant_annotations;

  std::span<const Value> values() const { return values_; }
  const Value& value(ValueId id) const { return values_[static_cast<size_t>(id)]; }
  Value& value(ValueId id) { return values_[static_cast<size_t>(id)]; }
  ValueId find(std::string_view value_name) const;  // kNoValue when there is none

  std::span<const Node> nodes() const { return nodes_; }
  const Node& node(NodeId id) const { return nodes_[static_cast<size_t>(id)]; }
  Node& node(NodeId id) { return nodes_[static_cast<size_t>(id)]; }

  // The value's name must be new to the graph.
  ValueId add_value(Value value);
  // Appends; the node becomes the producer of its outputs, which must have
  // none.
  NodeId add_node(Node node);

  // For Rewriter. Exchanges the names of two values.
  void swap_names(ValueId a, ValueId b);
  // For Rewriter. Keeps the nodes that `order` names, in its order; value i becomes values[i], or
  // goes where that is kNoValue. fix_bodies renumbers what the bodies of a node capture.
  void renumber(std::span<const NodeId> order, std::span<const ValueId> values,
                const std::function<void(Node&)>& fix_bodies);

 private:
  // Names are keys by themselves, so that values may move when the vector
  // grows.
  std::vector<Value> values_;
  std::vector<Node> nodes_;
  std::unordered_map<std::string, ValueId> by_name_;
};

// A model-local function: its body has the function's inputs and outputs.
struct Function {
  std::string name;
  std::string domain;
  std::string overload;
  std::vector<std::string> attributes;        // names without a default
  std::vector<Attribute> attribute_defaults;  // names with one
  std::vector<onnx::OpsetImport> opsets;
  Graph body;
};

struct Model {
  std::filesystem::path path;  // the file it came from; empty: from memory
  int64_t ir_version = 0;
  std::vector<onnx::OpsetImport> opsets;  // domain "" is ai.onnx; each domain once
  std::string producer_name;
  std::string producer_version;
  std::string domain;
  int64_t model_version = 0;
  std::string doc;
  onnx::StringPairs metadata;
  std::vector<std::string> fields_left_out;  // see onnx::Model
  std::vector<Function> functions;
  Graph graph;

  // The version of a domain's operators; 0 when the model does not import the
  // domain.
  int64_t opset(std::string_view operator_domain) const;
};

}  // namespace escuta::graph
