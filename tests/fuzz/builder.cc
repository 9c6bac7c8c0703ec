#include "builder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "graph/import.h"
#include "ort_limits.h"

namespace escuta::fuzz {
namespace {

constexpr int64_t kMaxCount = 4096;

// Rounding of one operator, relative to the largest element, with room for sums in any order.
double rounding(DType dtype) {
  switch (dtype) {
    case DType::kDouble:
      return 1e-13;
    case DType::kFloat16:
      return 2e-3;
    case DType::kBfloat16:
      return 1e-2;
    default:
      return 2e-6;
  }
}

// What grows beyond this is nothing to compare.
double bound(DType dtype) {
  if (dtype == DType::kFloat16) return 100;
  return is_float(dtype) ? 1e4 : 1e12;
}

onnx::TypeDef tensor_type(DType dtype) {
  onnx::TypeDef type;
  type.kind = onnx::TypeDef::Kind::kTensor;
  type.dtype = dtype;
  return type;
}

onnx::TypeDef type_of(const Made& made) {
  if (made.is_tensor()) return tensor_type(made.dtype());
  onnx::TypeDef type;
  type.kind = onnx::TypeDef::Kind::kSequence;
  type.element = std::make_shared<const onnx::TypeDef>(tensor_type(made.dtype()));
  return type;
}

onnx::ValueInfo info(const std::string& name, onnx::TypeDef type) {
  onnx::ValueInfo info;
  info.name = name;
  info.type = std::move(type);
  return info;
}

bool same_kind(const Datum& a, const Datum& b) {
  return a.is_tensor() && b.is_tensor() && a.dtype() == b.dtype() && a.shape() == b.shape();
}

}  // namespace

DType Made::dtype() const {
  return value.kind() == Datum::Kind::kSequence ? value.sequence().dtype : value.dtype();
}

Dims Made::dims() const {
  const auto dims = value.shape().dims();
  return {dims.begin(), dims.end()};
}

Builder::Builder(uint64_t seed, const engine::Provider& cpu, DrawOptions options)
    : random_(seed), cpu_(cpu), options_(std::move(options)) {
  opset_ = one_of({9,  10, 11, 11, 12, 13, 13, 14, 15, 16, 17, 17,
                   18, 18, 19, 20, 20, 21, 21, 22, 22, 23, 23, 24});
  if (!options_.for_ort && rarely()) opset_ = 24 + pick(4);
  graph_.model.ir_version = opset_ >= 21 ? 10 : 8;
  graph_.model.opset_imports = {{"", opset_},
                                {"com.microsoft", 1},
                                {"ai.onnx.ml", opset_ >= 23   ? 5
                                               : opset_ >= 15 ? 3
                                                              : 2}};
  graph_.model.graph.name = "random";
}

std::string Builder::fresh_name(std::string_view what) {
  return fmt::format("{}_{}", what, next_name_++);
}

const Made* Builder::made_named(std::string_view name) const {
  const auto found = std::find_if(made_.rbegin(), made_.rend(),
                                  [&](const Made& made) { return made.name == name; });
  return found == made_.rend() ? nullptr : &*found;
}

bool Builder::is_skipped(const Node& node) {
  if (!options_.for_ort) return false;
  std::vector<const Made*> inputs;
  for (const std::string& name : node.inputs) inputs.push_back(made_named(name));
  const OrtLimit* limit = find_ort_limit(node, opset_, inputs);
  if (limit == nullptr) return false;
  graph_.skipped.push_back(fmt::format("{}: {}", node.op, limit->reason));
  return true;
}

// Every element moved by its error, or by a rounding where it has none.
Datum Builder::nudged(const Made& made) {
  Datum copy = *Datum::create(made.dtype(), made.value.shape());
  const double least = rounding(made.dtype()) / 4;
  for (int64_t i = 0; i < made.count(); ++i) {
    const double x = element(made.value, i);
    const double by = std::max(made.error, least * std::fabs(x));
    set_element(copy, i, x + (coin() ? by : -by));
  }
  return copy;
}

// Runs the node on each of `runs`; inputs are in the order of `names`.
static Result<std::vector<std::vector<Datum>>> run_node(
    const engine::Provider& cpu, const onnx::Model& model,
    const std::vector<std::vector<Datum>>& runs) {
  engine::CompileOptions options;
  options.threads = 1;
  options.fast_kernels = false;
  options.passes_off = {"all"};
  ASSIGN_OR_RETURN(graph::Model imported, graph::import_model(model));
  ASSIGN_OR_RETURN(const auto executable,
                   cpu.compile(std::make_shared<const graph::Model>(std::move(imported)), options));
  std::vector<std::vector<Datum>> results;
  for (const auto& inputs : runs) {
    std::vector<engine::Value> values, outputs(executable->outputs().size());
    for (const Datum& datum : inputs) values.push_back(engine::Value::of(datum));
    RETURN_IF_ERROR(executable->run(values, {}, outputs, {}));
    results.emplace_back();
    for (const engine::Value& output : outputs) {
      ASSIGN_OR_RETURN(Datum datum, output.to_datum());
      results.back().push_back(std::move(datum));
    }
  }
  return results;
}

bool Builder::put(Node node) {
  if (is_skipped(node)) return false;
  onnx::NodeDef def;
  def.op_type = node.op;
  def.domain = node.domain;
  def.name = fresh_name("n");
  def.inputs = node.inputs;
  def.attributes = node.attributes;
  for (int i = 0; i < node.outputs; ++i) {
    const auto at = static_cast<size_t>(i);
    def.outputs.push_back(node.wanted.empty() || node.wanted[at] ? fresh_name("v") : "");
  }
  onnx::Model alone;
  alone.ir_version = graph_.model.ir_version;
  alone.opset_imports = graph_.model.opset_imports;
  alone.graph.name = "node";
  alone.graph.nodes = {def};
  for (const std::string& name : def.outputs) {
    if (!name.empty()) alone.graph.outputs.push_back(info(name, {}));
  }
  std::set<std::string> seen = {""};
  std::vector<std::vector<Datum>> runs(1);
  std::vector<const Made*> reads;
  bool uncertain = false;
  auto names = def.inputs;
  names.insert(names.end(), node.captured.begin(), node.captured.end());
  for (const std::string& name : names) {
    if (!seen.insert(name).second) continue;
    const Made* made = made_named(name);
    if (made == nullptr) return false;
    alone.graph.inputs.push_back(info(name, type_of(*made)));
    runs[0].push_back(made->value);
    reads.push_back(made);
    uncertain = uncertain || (made->error > 0 && is_float(made->dtype()));
  }
  if (node.rule == Rule::kJumps && uncertain) return false;
  const bool rounds = node.rule == Rule::kRounds;
  for (int i = 0; rounds && i < 3; ++i) {
    runs.emplace_back();
    for (const Made* made : reads) {
      const bool moves =
          made->is_tensor() && is_float(made->dtype()) && made->finite &&
          std::find(node.steady.begin(), node.steady.end(), made->name) == node.steady.end();
      runs.back().push_back(moves ? nudged(*made) : made->value);
    }
  }
  const auto results = run_node(cpu_, alone, runs);
  if (!results.ok()) {
    if (graph_.refusal.empty()) {
      graph_.refusal = fmt::format("{}({}): {}", node.op, fmt::join(node.inputs, ", "),
                                   results.status().to_string());
      graph_.model.graph.nodes.push_back(def);
    }
    return false;
  }
  std::vector<Made> made;
  size_t at = 0;
  for (const std::string& name : def.outputs) {
    if (name.empty()) continue;
    made.push_back({name, (*results)[0][at++]});
  }
  double moved = 0;
  for (const Made* read : reads) {
    if (is_float(read->dtype()) || node.rule == Rule::kMoves) moved = std::max(moved, read->error);
  }
  for (Made& one : made) one.error = node.rule == Rule::kMoves ? moved : 0;
  if (!measure(node, *results, made)) return false;
  graph_.model.graph.nodes.push_back(std::move(def));
  made_.insert(made_.end(), made.begin(), made.end());
  last_ = std::move(made);
  return true;
}

// What is known of the outputs' elements. false: too large, or all rounding.
bool Builder::measure(const Node& node, const std::vector<std::vector<Datum>>& results,
                      std::vector<Made>& made) {
  for (size_t at = 0; at < made.size(); ++at) {
    Made& one = made[at];
    if (!one.is_tensor()) {
      if (node.rule == Rule::kRounds) one.error = 1e-3;
      continue;
    }
    if (one.count() > kMaxCount || one.dtype() == DType::kString) {
      if (one.count() > kMaxCount) return false;
      continue;
    }
    double largest = 0;
    for (int64_t i = 0; i < one.count(); ++i) {
      const double x = element(one.value, i);
      one.finite = one.finite && std::isfinite(x);
      one.low = i == 0 ? x : std::min(one.low, x);
      one.high = i == 0 ? x : std::max(one.high, x);
      largest = std::max(largest, std::fabs(x));
    }
    if (!one.finite || largest > bound(one.dtype())) {
      return node.rule == Rule::kMoves && !is_float(one.dtype());
    }
    if (node.rule == Rule::kQuantizes && !is_float(one.dtype())) one.error = 1;
    const bool rounds = node.rule == Rule::kRounds || node.rule == Rule::kQuantizes;
    if (!rounds || !is_float(one.dtype())) continue;
    double spread = 0;
    for (const auto& other : results) {
      if (!same_kind(one.value, other[at])) return false;
      for (int64_t i = 0; i < one.count(); ++i) {
        spread = std::max(spread, std::fabs(element(one.value, i) - element(other[at], i)));
      }
    }
    one.error = 8 * spread + 4 * rounding(one.dtype()) * std::max(1.0, largest);
    const double limit = one.dtype() == DType::kFloat16 ? 0.1 : 2e-3;
    if (!(one.error <= limit * std::max(1.0, largest))) return false;
  }
  return true;
}

const Made& Builder::last(int output) const { return last_[static_cast<size_t>(output)]; }

const Made* Builder::step(std::string op, std::vector<std::string> inputs, Attributes attributes,
                          Rule rule) {
  Node node;
  node.op = std::move(op);
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
  node.rule = rule;
  return put(std::move(node)) ? &last_[0] : nullptr;
}

void Builder::draw(const Entry& entry) {
  if (opset_ < entry.since || opset_ > entry.until) return;
  auto& graph = graph_.model.graph;
  const Mark mark{graph.nodes.size(), graph.initializers.size(), graph.inputs.size(), made_.size()};
  exact_ = entry.rule == Rule::kJumps;
  if (entry.draw(*this, entry)) return;
  if (!graph_.refusal.empty()) return;
  graph.nodes.resize(mark.nodes);
  graph.initializers.resize(mark.initializers);
  graph.inputs.resize(mark.inputs);
  graph_.inputs.resize(mark.inputs);
  made_.resize(mark.made);
}

// What nobody has read is an output, and some of the rest.
RandomGraph Builder::finish(int max_outputs) {
  auto& graph = graph_.model.graph;
  std::set<std::string> read, produced;
  const std::function<void(const onnx::GraphDef&)> note = [&](const onnx::GraphDef& body) {
    for (const onnx::NodeDef& node : body.nodes) {
      read.insert(node.inputs.begin(), node.inputs.end());
      for (const auto& a : node.attributes) {
        for (const auto& inner : a.graphs) note(*inner);
      }
    }
    for (const auto& output : body.outputs) read.insert(output.name);
  };
  note(graph);
  read.erase("");
  for (const onnx::NodeDef& node : graph.nodes) {
    produced.insert(node.outputs.begin(), node.outputs.end());
  }
  for (const Made& made : made_) {
    if (!produced.contains(made.name) || static_cast<int>(graph.outputs.size()) >= max_outputs) {
      continue;
    }
    if (read.contains(made.name) && pick(4) != 0) continue;
    // Provider `ort` hands over tensors of numbers only.
    const bool numbers = made.is_tensor() && made.dtype() != DType::kString;
    if (options_.for_ort && !numbers) continue;
    graph.outputs.push_back(info(made.name, type_of(made)));
    graph_.tolerances.push_back(made.error);
  }
  return std::move(graph_);
}

}  // namespace escuta::fuzz
