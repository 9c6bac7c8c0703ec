#include "cli/model_stats.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <tuple>

namespace escuta::cli {
namespace {

class Collector {
 public:
  explicit Collector(ModelStats& stats) : stats_(stats) {}

  void graph(const graph::Graph& graph, int depth) {
    for (const graph::Value& value : graph.values()) {
      // Captured values carry the outer graph's constants; the set of seen ones knows them.
      if (value.fact.constant != nullptr) constant(*value.fact.constant);
      if (value.sparse != nullptr) sparse(*value.sparse);
    }
    for (const graph::Node& node : graph.nodes()) {
      ++stats_.nodes;
      ++operators_[node.domain.empty() ? node.op_type : node.domain + "." + node.op_type];
      for (const graph::Attribute& attribute : node.attributes) {
        attribute_tensors(attribute);
        subgraphs(node, attribute, depth);
      }
    }
  }

  void finish() {
    stats_.operators.assign(operators_.begin(), operators_.end());
    std::ranges::stable_sort(stats_.operators, std::ranges::greater(),
                             [](auto& o) { return o.second; });
  }

 private:
  void constant(const graph::Constant& constant) {
    if (!seen_.insert(&constant).second) return;
    const auto size = dtype_bytes(constant.dtype, constant.shape.count());
    const uint64_t bytes = size.ok() ? *size : 0;
    const auto add = [&](TensorTotals& totals) {
      ++totals.tensors;
      totals.elements += constant.shape.count();
      totals.bytes += bytes;
    };
    if (constant.external) {
      add(stats_.external_files[constant.external->location]);
      // Two tensors may be the same bytes of a file.
      const auto place = std::tuple(constant.external->location, constant.external->offset, bytes);
      if (bytes > 0 && !places_.insert(place).second) return;
    }
    add(stats_.parameters);
    add(stats_.by_dtype[std::string(dtype_name(constant.dtype))]);
  }

  void sparse(const graph::SparseConstant& sparse) {
    constant(*sparse.values);
    constant(*sparse.indices);
  }

  void attribute_tensors(const graph::Attribute& attribute) {
    if (const auto* one = std::get_if<graph::ConstantPtr>(&attribute.value)) constant(**one);
    if (const auto* one = std::get_if<graph::SparseConstantPtr>(&attribute.value)) sparse(**one);
    if (const auto* many = std::get_if<std::vector<graph::ConstantPtr>>(&attribute.value)) {
      for (const auto& each : *many) constant(*each);
    }
    if (const auto* many = std::get_if<std::vector<graph::SparseConstantPtr>>(&attribute.value)) {
      for (const auto& each : *many) sparse(*each);
    }
  }

  void subgraphs(const graph::Node& node, const graph::Attribute& attribute, int depth) {
    const auto enter = [&](const graph::Graph& inner) {
      stats_.subgraphs.push_back({node.name, node.op_type, attribute.name,
                                  static_cast<int64_t>(inner.nodes().size()), depth});
      graph(inner, depth + 1);
    };
    if (const auto* one = std::get_if<graph::GraphPtr>(&attribute.value)) enter(**one);
    if (const auto* many = std::get_if<std::vector<graph::GraphPtr>>(&attribute.value)) {
      for (const auto& each : *many) enter(*each);
    }
  }

  ModelStats& stats_;
  std::map<std::string, int64_t> operators_;
  std::set<const graph::Constant*> seen_;
  std::set<std::tuple<std::string, uint64_t, uint64_t>> places_;
};

}  // namespace

ModelStats collect_stats(const graph::Model& model) {
  ModelStats stats;
  std::error_code error;
  const uintmax_t size = model.path.empty() ? 0 : std::filesystem::file_size(model.path, error);
  if (!error) stats.file_bytes = size;
  Collector collector(stats);
  collector.graph(model.graph, 1);
  collector.finish();
  stats.state = graph::find_state_pairs(model.graph);
  return stats;
}

}  // namespace escuta::cli
