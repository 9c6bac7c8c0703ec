// Computes nodes whose inputs are all constants, and integer vectors whose elements are known from
// shapes, and puts the results in their place.
#include <algorithm>
#include <cstring>
#include <memory>
#include <set>

#include "graph/rewriter.h"
#include "onnx/limits.h"
#include "ops/evaluate.h"
#include "ops/resolve.h"
#include "passes/pass.h"

namespace escuta::passes {
namespace {

using graph::Constant;
using graph::ConstantPtr;
using graph::kNoValue;

// A result larger than this and than all its inputs stays a computation: a small file must not
// become a large model.
constexpr size_t kSmallResult = size_t{1} << 16;
constexpr size_t kScratch = size_t{1} << 20;

// What folding may make and read in a whole model, so that loading takes no more memory and time
// than its size allows, however often nodes read the same constant.
constexpr size_t kKeptFloor = onnx::kMemoryFloor / 4, kKeptPerByte = 2;
constexpr size_t kWorkFloor = 2 * onnx::kMemoryFloor, kWorkPerByte = 16;

struct Budget {
  size_t kept = kKeptFloor;  // bytes of results
  size_t work = kWorkFloor;  // bytes of inputs and results
};

size_t constant_bytes(const graph::Graph& graph) {
  size_t bytes = 0;
  for (const graph::Value& value : graph.values()) {
    if (value.fact.constant != nullptr) bytes += value.fact.constant->bytes.size();
  }
  return bytes;
}

bool readable(const Constant& constant) {
  if (constant.dtype == DType::kString) return true;
  if (constant.external && constant.bytes.empty()) return false;
  const auto size = static_cast<size_t>(std::clamp(dtype_bits(constant.dtype) / 8, 1, 8));
  return reinterpret_cast<uintptr_t>(constant.bytes.data()) % size == 0;
}

Datum datum_of(const Constant& constant) {
  const bool strings = constant.dtype == DType::kString;
  const void* data = strings ? static_cast<const void*>(constant.strings.data())
                             : static_cast<const void*>(constant.bytes.data());
  return Datum::borrow(constant.dtype, constant.shape, static_cast<const std::byte*>(data));
}

ConstantPtr constant_of(const Datum& datum) {
  auto constant = std::make_shared<Constant>();
  constant->dtype = datum.dtype();
  constant->shape = datum.shape();
  if (datum.dtype() == DType::kString) {
    const auto strings = datum.as<std::string>();
    constant->strings.assign(strings.begin(), strings.end());
    return constant;
  }
  constant->bytes = {datum.bytes(), datum.byte_size()};
  constant->owner = std::make_shared<const Datum>(datum);
  return constant;
}

class Folder {
 public:
  Folder(const graph::Model& model, graph::Graph& graph, Budget& budget)
      : model_(model), graph_(graph), rewriter_(graph), budget_(budget) {}

  Status fold() {
    const size_t count = graph_.nodes().size();
    for (size_t i = 0; i < count; ++i) RETURN_IF_ERROR(fold_node(static_cast<graph::NodeId>(i)));
    return rewriter_.finish();
  }

 private:
  Status fold_node(graph::NodeId id) {
    const graph::Node node = graph_.node(id);
    if (!node.subgraphs().empty() || node.outputs.empty()) return Status();
    const Result<ops::Resolved> resolved = ops::resolve(model_, node);
    if (!resolved.ok() || resolved->op->tolerance == ops::Tolerance::kRandom) return Status();
    if (fold_shape(id, node)) return Status();
    std::vector<const graph::Fact*> facts;
    std::vector<Datum> inputs;
    size_t bytes = 0, read = 0;
    std::set<graph::ValueId> counted;  // a node that reads a constant twice has it once
    for (const graph::ValueId input : node.inputs) {
      facts.push_back(input == kNoValue ? nullptr : &graph_.value(input).fact);
      if (input == kNoValue) {
        inputs.emplace_back();
        continue;
      }
      const ConstantPtr& constant = graph_.value(input).fact.constant;
      if (constant == nullptr || !readable(*constant)) return Status();
      inputs.push_back(datum_of(*constant));
      read += inputs.back().byte_size();
      if (counted.insert(input).second) bytes += inputs.back().byte_size();
    }
    if (read > budget_.work) return Status();
    budget_.work -= read;
    const ops::NodeInfo info(node, resolved->version, std::move(facts));
    std::vector<bool> wanted;
    for (const graph::ValueId output : node.outputs) wanted.push_back(output != kNoValue);
    Result<ops::KernelPtr> kernel = resolved->op->create(info);
    // What fails here fails when the node runs, where the error belongs.
    if (!kernel.ok()) return Status();
    Result<std::vector<Datum>> results =
        ops::evaluate(**kernel, inputs, wanted, std::max(bytes * 2, kScratch));
    if (!results.ok()) return Status();
    size_t kept = 0, made = 0;
    for (const Datum& result : *results) made += result.is_tensor() ? result.byte_size() : 0;
    budget_.work -= std::min(made, budget_.work);
    for (const Datum& result : *results) {
      const bool numbers =
          result.is_tensor() && result.byte_size() <= std::max(bytes, kSmallResult);
      if (!result.is_none() && !numbers) return Status();
      if (numbers) kept += result.byte_size();
    }
    if (kept > budget_.kept) return Status();
    budget_.kept -= kept;
    put(id, node, *results);
    return Status();
  }

  // The one output is a vector or scalar of integers whose elements shapes tell.
  bool fold_shape(graph::NodeId id, const graph::Node& node) {
    if (node.outputs.size() != 1 || node.outputs[0] == kNoValue) return false;
    const graph::Fact& fact = graph_.value(node.outputs[0]).fact;
    if (!fact.elements || !fact.shape || fact.shape->size() > 1) return false;
    if (fact.dtype != DType::kInt64) return false;
    const auto count = static_cast<int64_t>(fact.elements->size());
    if (fact.shape->empty() ? count != 1 : (*fact.shape)[0] != graph::Dim(count)) return false;
    std::vector<int64_t> values;
    for (const graph::Dim& dim : *fact.elements) {
      if (!dim.is_known()) return false;
      values.push_back(dim.value());
    }
    const Result<Shape> shape =
        Shape::create(fact.shape->empty() ? std::span<const int64_t>() : std::span(&count, 1));
    Result<Datum> datum = Datum::of<int64_t>(*shape, values);
    if (!datum.ok()) return false;
    put(id, node, std::span(&*datum, 1));
    return true;
  }

  void put(graph::NodeId id, const graph::Node& node, std::span<const Datum> results) {
    for (size_t i = 0; i < results.size(); ++i) {
      // An output of the graph keeps its node, as a Constant.
      if (results[i].is_none()) continue;
      const graph::ValueId output = node.outputs[i];
      if (rewriter_.is_output(output)) return;
    }
    for (size_t i = 0; i < results.size(); ++i) {
      if (results[i].is_none()) continue;
      const graph::ValueId output = node.outputs[i];
      const graph::ValueId constant =
          rewriter_.add_constant(graph_.value(output).name, constant_of(results[i]));
      rewriter_.replace(output, constant);
    }
    rewriter_.remove(id);
  }

  const graph::Model& model_;
  graph::Graph& graph_;
  graph::Rewriter rewriter_;
  Budget& budget_;
};

}  // namespace

Status fold_constants(graph::Model& model) {
  Budget budget;
  const Status counted = for_each_graph(model, [&](const graph::Graph& graph) {
    const size_t bytes = constant_bytes(graph);
    budget.kept += kKeptPerByte * bytes;
    budget.work += kWorkPerByte * bytes;
    return Status();
  });
  RETURN_IF_ERROR(counted);
  return for_each_graph(model,
                        [&](graph::Graph& graph) { return Folder(model, graph, budget).fold(); });
}

}  // namespace escuta::passes
