// Writes down an ONNX graph operator by operator: the operators that Whisper is made of, each as
// the nodes of opset 17 that runtimes know how to fuse.
//
// A value is its name. Every function that adds nodes takes the name of its result (node names
// follow it) and returns it with the builder's prefix; the prefix keeps the two branches of an If
// apart from each other and from the graph around them. Initializers go to the pool, which graphs
// share. One thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <unordered_set>
#include <vector>

#include "convert/weights.h"
#include "onnx/model.h"

namespace escuta::convert {

using Value = std::string;

onnx::AttributeDef int_attribute(std::string name, int64_t value);
onnx::AttributeDef float_attribute(std::string name, float value);
onnx::AttributeDef ints_attribute(std::string name, std::vector<int64_t> values);
onnx::AttributeDef tensor_attribute(std::string name, onnx::TensorDef tensor);

onnx::ValueInfo tensor_info(std::string name, DType dtype, std::vector<onnx::DimDef> dims);

class GraphBuilder {
 public:
  GraphBuilder(InitializerPool& pool, std::string prefix)
      : pool_(pool), prefix_(std::move(prefix)) {}

  DType dtype() const { return pool_.dtype(); }

  Value op(const std::string& type, std::vector<Value> inputs, const std::string& result,
           std::vector<onnx::AttributeDef> attributes = {});

  // Initializers. The name of `ints` says what it holds, so equal ones are one.
  Value weight(const std::string& name, Weight weight);
  Value ints(std::vector<int64_t> values);
  Value number(const std::string& name, float value);
  Value floats(const std::string& name, std::vector<int64_t> dims, std::span<const float> values);

  Value cast(const Value& x, DType dtype, const std::string& result);
  Value transpose(const Value& x, std::vector<int64_t> perm, const std::string& result);
  // The elements of the shape of `x` from axis `first` up to before `last`: [last - first] i64.
  Value shape_of(const Value& x, int64_t first, int64_t last, const std::string& result);
  // gelu(x) = x/2 (1 + erf(x/sqrt 2)), the exact form of Hendrycks and Gimpel (arXiv:1606.08415),
  // in the five nodes that exporters write.
  Value gelu(const Value& x, const std::string& result);

  // A builder for a branch of choose(), over the same initializers.
  GraphBuilder branch(std::string prefix) const { return GraphBuilder(pool_, std::move(prefix)); }
  // if (condition) then_branch else else_branch, whose outputs become this graph's declared ones,
  // in order. Initializers of the branches become this graph's, which holds them once.
  void choose(const Value& condition, const GraphBuilder& then_branch,
              const GraphBuilder& else_branch);

  void input(const std::string& name, DType dtype, std::vector<onnx::DimDef> dims);
  // Declares the value that was made under the name `name`.
  void output(const std::string& name, DType dtype, std::vector<onnx::DimDef> dims);

  // The graph so far, without its initializers, and the names of those.
  const onnx::GraphDef& graph() const { return graph_; }
  const std::vector<std::string>& initializers() const { return initializers_; }

 private:
  Value use(const std::string& name);

  InitializerPool& pool_;
  std::string prefix_;
  onnx::GraphDef graph_;
  std::vector<std::string> initializers_;
  std::unordered_set<std::string> used_;
};

}  // namespace escuta::convert
