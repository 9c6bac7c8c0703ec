// Runs random graphs on provider `cpu`, with passes and fast kernels and without, and on `ort`
// where it is there, and compares.
//
// usage: compare_providers [FIRST_SEED [COUNT [OPERATOR [REPORTS]]]]
// Exit 1 and the graphs where two results differ; OPERATOR: graphs of that one alone;
// after so many REPORTS (20) it stops.
#include <fmt/format.h>

#include <cstdlib>
#include <map>

#include "compare_datums.h"
#include "engine/session.h"
#include "graph/import.h"
#include "random_graph.h"
#include "registry/registry.h"

namespace escuta::fuzz {
namespace {

using engine::Value;

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
    return fmt::format("one fails: {}", (ours.ok() ? theirs : ours).status().to_string());
  }
  for (size_t i = 0; i < ours->size(); ++i) {
    const std::string found = difference((*ours)[i], (*theirs)[i], graph.tolerances[i]);
    if (!found.empty()) return fmt::format("{}: {}", graph.model.graph.outputs[i].name, found);
  }
  return "";
}

// Its inference of shape arithmetic takes a vector and a matrix that broadcast for an error.
bool is_their_inference(const Status& status) {
  return status.message().find("[ShapeInferenceError] Incompatible dimensions") !=
         std::string_view::npos;
}

class Comparison {
 public:
  Comparison(const engine::Provider& cpu, const engine::Provider* ort, int most_reports)
      : cpu_(cpu), ort_(ort), most_reports_(most_reports) {
    fast_.threads = plain_.threads = unoptimized_.threads = 1;
    // ONNX Runtime 1.31.1's own rewriting fails on a transposed stack of matrices times one matrix.
    unoptimized_.optimization = engine::OptimizationLevel::kNone;
    plain_.fast_kernels = false;
    plain_.passes_off = {"all"};
  }

  // One graph in ten has what ONNX Runtime lacks.
  void compare_seed(uint64_t seed, const std::string& only) {
    DrawOptions options;
    options.for_ort = seed % 10 != 0;
    options.only = only;
    const RandomGraph graph = make_random_graph(seed, cpu_, options);
    for (const std::string& reason : graph.skipped) ++skipped_[reason];
    if (!graph.refusal.empty())
      return report(seed, "a valid node is refused", graph.refusal, graph);
    if (graph.model.graph.outputs.empty()) return;
    for (const onnx::NodeDef& node : graph.model.graph.nodes) {
      ++nodes_[node.domain.empty() ? node.op_type : node.domain + "::" + node.op_type];
    }
    const auto ours = run(cpu_, graph, fast_);
    const auto slow = run(cpu_, graph, plain_);
    if (const auto found = compare(graph, ours, slow); !found.empty()) {
      return report(seed, "cpu and its plain loops differ", found, graph);
    }
    ++ran_;
    if (ort_ == nullptr || !options.for_ort) return;
    const auto theirs = run(*ort_, graph, unoptimized_);
    if (!theirs.ok() && is_their_inference(theirs.status())) {
      ++skipped_["shape arithmetic that broadcasts"];
      return;
    }
    if (const auto found = compare(graph, ours, theirs); !found.empty()) {
      return report(seed, "cpu and ort differ", found, graph);
    }
    ++compared_;
  }

  int finish(uint64_t count) const {
    if (reports_ > 0) {
      fmt::print("{} of {} graphs differ\n", reports_, count);
      return 1;
    }
    size_t left_out = 0;
    for (const auto& [reason, times] : skipped_) left_out += times;
    fmt::print(
        "{} graphs of {} operators: {} ran, {} compared with ONNX Runtime, no difference; "
        "{} choices of {} kinds left out that it lacks\n",
        count, nodes_.size(), ran_, compared_, left_out, skipped_.size());
    return ran_ == 0 ? 1 : 0;
  }

  bool go_on() const { return reports_ < most_reports_; }
  const std::map<std::string, size_t>& nodes() const { return nodes_; }

 private:
  void report(uint64_t seed, std::string_view what, const std::string& found,
              const RandomGraph& graph) {
    fmt::print("seed {}: {}: {}\n{}", seed, what, found, graph.describe());
    ++reports_;
  }

  const engine::Provider& cpu_;
  const engine::Provider* ort_;
  engine::CompileOptions fast_, plain_, unoptimized_;
  uint64_t ran_ = 0, compared_ = 0;
  int reports_ = 0, most_reports_;
  std::map<std::string, size_t> skipped_, nodes_;
};

int main(uint64_t first, uint64_t count, const std::string& only, int most_reports) {
  engine::Registry registry;
  if (!escuta::add_all_providers(registry, {}).ok()) return 2;
  const engine::Provider* ort = registry.find("ort");
  if (ort != nullptr && !ort->availability().available) ort = nullptr;
  Comparison comparison(*registry.find("cpu"), ort, most_reports);
  for (uint64_t seed = first; seed < first + count && comparison.go_on(); ++seed) {
    comparison.compare_seed(seed, only);
  }
  // A line of operators.inc whose draw never succeeds would be no test.
  if (only.empty() && count >= 1000 && comparison.go_on()) {
    for (const std::string& name : drawn_operators()) {
      if (name.find('_') == std::string::npos && !comparison.nodes().contains(name)) {
        fmt::print("{}: never drawn\n", name);
      }
    }
  }
  return comparison.finish(count);
}

}  // namespace
}  // namespace escuta::fuzz

int main(int argc, char** argv) {
  const uint64_t first = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1000;
  return escuta::fuzz::main(first, count, argc > 3 ? argv[3] : "",
                            argc > 4 ? std::atoi(argv[4]) : 20);
}
