// One node before it runs: its operator's version, its attributes, what is known of its inputs.
//
// Attributes are read with their default; a value of the wrong type makes status() say so, and the
// reader goes on with the default, so that operators need no error path for each attribute.
// Borrowed for the length of a call; one thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace escuta::ops {

class NodeInfo {
 public:
  // version: the operator's own version (the newest that is not above the model's opset).
  // inputs[i] is nullptr for an absent one; all outlive this.
  NodeInfo(const graph::Node& node, int version, std::vector<const graph::Fact*> inputs)
      : node_(node), version_(version), inputs_(std::move(inputs)) {}

  const graph::Node& node() const { return node_; }
  int version() const { return version_; }

  // Trailing absent inputs and outputs count or not, as the model has them; ask has_*().
  size_t input_count() const { return inputs_.size(); }
  size_t output_count() const { return node_.outputs.size(); }
  bool has_input(size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }
  bool has_output(size_t i) const {
    return i < node_.outputs.size() && node_.outputs[i] != graph::kNoValue;
  }
  // What is known of input i; nothing for an absent one.
  const graph::Fact& input(size_t i) const;
  DType dtype(size_t i) const { return input(i).dtype; }
  // Rank of input i, if it is known.
  std::optional<int> rank(size_t i) const;
  // The elements of input i, an integer tensor (int32 or int64), if they are known.
  std::optional<std::vector<int64_t>> constant_ints(size_t i) const;

  bool has(std::string_view name) const { return node_.attribute(name) != nullptr; }
  int64_t integer(std::string_view name, int64_t absent) const;
  float number(std::string_view name, float absent) const;
  std::string text(std::string_view name, std::string_view absent) const;
  std::vector<int64_t> integers(std::string_view name, std::vector<int64_t> absent = {}) const;
  std::vector<float> numbers(std::string_view name, std::vector<float> absent = {}) const;
  std::vector<std::string> texts(std::string_view name) const;
  graph::ConstantPtr tensor(std::string_view name) const;  // nullptr: absent
  graph::GraphPtr graph(std::string_view name) const;      // nullptr: absent
  // The dtype that an integer attribute numbers, e.g. Cast's `to`.
  DType dtype_attribute(std::string_view name, DType absent) const;
  // Which body of the node (Call::run_body) the graph attribute is; -1: absent. Bodies are numbered
  // in the order of the node's graph attributes.
  int body(std::string_view name) const;

  // Makes status() an error, unless it is one already. For attributes that make no sense.
  void fail(Status status) const;
  const Status& status() const { return status_; }

 private:
  template <typename T>
  const T* typed(std::string_view name, std::string_view expected) const;

  const graph::Node& node_;
  int version_;
  std::vector<const graph::Fact*> inputs_;
  mutable Status status_;
};

}  // namespace escuta::ops
