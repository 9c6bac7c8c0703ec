// Runs random graphs on provider `cpu`, with passes and fast kernels and without, and on `ort`
// where it is there, and compares.
//
// usage: compare_providers [FIRST_SEED [COUNT]]   exit 1 and the graph where two results differ
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "engine/session.h"
#include "graph/import.h"
#include "random_graph.h"
#include "registry/registry.h"

namespace escuta::fuzz {
namespace {

using engine::Value;

double element(const Datum& datum, int64_t i) {
  const auto at = static_cast<size_t>(i);
  switch (datum.dtype()) {
    case DType::kFloat:
      return datum.as<float>()[at];
    case DType::kDouble:
      return datum.as<double>()[at];
    case DType::kInt64:
      return static_cast<double>(datum.as<int64_t>()[at]);
    case DType::kInt32:
      return datum.as<int32_t>()[at];
    default:
      return static_cast<double>(datum.bytes()[i]);
  }
}

// "" where they agree.
std::string difference(const Datum& a, const Datum& b, double tolerance) {
  if (a.dtype() != b.dtype() || !(a.shape() == b.shape())) {
    return fmt::format("{} {} and {} {}", dtype_name(a.dtype()), a.shape().to_string(),
                       dtype_name(b.dtype()), b.shape().to_string());
  }
  double largest = 1;
  for (int64_t i = 0; i < b.count(); ++i) {
    if (std::isfinite(element(b, i))) largest = std::max(largest, std::fabs(element(b, i)));
  }
  for (int64_t i = 0; i < a.count(); ++i) {
    const double x = element(a, i), y = element(b, i);
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    if (std::fabs(x - y) <= tolerance * largest) continue;
    return fmt::format("element {}: {:.9g} and {:.9g}", i, x, y);
  }
  return "";
}

Result<std::vector<Datum>> run(const engine::Provider& provider, const RandomGraph& graph,
                               const engine::CompileOptions& options) {
  ASSIGN_OR_RETURN(graph::Model model, graph::import_model(graph.model));
  ASSIGN_OR_RETURN(
      const auto executable,
      provider.compile(std::make_shared<const graph::Model>(std::move(model)), options));
  std::vector<Value> outputs(executable->outputs().size());
  std::vector<Datum> results;
  for (int round = 0; round < 2; ++round) {  // the second in planned memory
    RETURN_IF_ERROR(executable->run(graph.inputs, {}, outputs, {}));
  }
  for (const Value& output : outputs) {
    ASSIGN_OR_RETURN(Datum datum, output.to_datum());
    results.push_back(std::move(datum));
  }
  return results;
}

std::string compare(const RandomGraph& graph, const Result<std::vector<Datum>>& ours,
                    const Result<std::vector<Datum>>& theirs) {
  if (!ours.ok() || !theirs.ok()) {
    if (ours.ok() == theirs.ok()) return "";
    return fmt::format("one fails: {}", (ours.ok() ? theirs : ours).status().to_string());
  }
  for (size_t i = 0; i < ours->size(); ++i) {
    const std::string found = difference((*ours)[i], (*theirs)[i], graph.tolerances[i]);
    if (!found.empty()) {
      return fmt::format("{}: {}", graph.model.graph.outputs[i].name, found);
    }
  }
  return "";
}

// Types that ONNX Runtime has no kernel for; and its inference of shape arithmetic takes a vector
// and a matrix that broadcast for an error.
bool is_their_limit(std::string_view message) {
  return message.find("NOT_IMPLEMENTED") != std::string_view::npos ||
         message.find("ShapeInferenceError") != std::string_view::npos;
}

int report(uint64_t seed, std::string_view who, const std::string& found,
           const RandomGraph& graph) {
  fmt::print("seed {}: cpu and {} differ: {}\n{}", seed, who, found, graph.describe());
  return 1;
}

int main(uint64_t first, uint64_t count) {
  engine::Registry registry;
  if (!escuta::add_all_providers(registry, {}).ok()) return 2;
  const engine::Provider* cpu = registry.find("cpu");
  const engine::Provider* ort = registry.find("ort");
  if (ort != nullptr && !ort->availability().available) ort = nullptr;
  engine::CompileOptions fast, plain, unoptimized;
  fast.threads = plain.threads = unoptimized.threads = 1;
  // ONNX Runtime 1.31.1's own rewriting fails on a transposed stack of matrices times one matrix.
  unoptimized.optimization = engine::OptimizationLevel::kNone;
  plain.fast_kernels = false;
  plain.passes_off = {"all"};
  uint64_t ran = 0, compared = 0;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const RandomGraph graph = make_random_graph(seed);
    if (graph.model.graph.outputs.empty()) continue;
    const auto ours = run(*cpu, graph, fast);
    const auto slow = run(*cpu, graph, plain);
    if (const auto found = compare(graph, ours, slow); !found.empty()) {
      return report(seed, "its plain loops", found, graph);
    }
    ran += ours.ok();
    if (ort == nullptr) continue;
    const auto theirs = run(*ort, graph, unoptimized);
    if (!theirs.ok() && is_their_limit(theirs.status().message())) continue;
    if (const auto found = compare(graph, ours, theirs); !found.empty()) {
      return report(seed, "ort", found, graph);
    }
    ++compared;
  }
  fmt::print("{} graphs: {} ran, {} compared with ONNX Runtime, no difference\n", count, ran,
             compared);
  return ran == 0 ? 1 : 0;
}

}  // namespace
}  // namespace escuta::fuzz

int main(int argc, char** argv) {
  const uint64_t first = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1000;
  return escuta::fuzz::main(first, count);
}
