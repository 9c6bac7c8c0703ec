#include "cli/passes_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/model_stats.h"
#include "cli/page_text.h"

namespace escuta::cli {
namespace {

using Counts = std::map<std::string, int64_t>;

Counts operators_of(const graph::Model& model) {
  const ModelStats stats = collect_stats(model);
  return {stats.operators.begin(), stats.operators.end()};
}

std::vector<passes::Pass> distinct_passes() {
  std::vector<passes::Pass> list;
  for (const passes::Pass& pass : passes::all_passes()) {
    if (std::ranges::find(list, pass.name, &passes::Pass::name) == list.end()) list.push_back(pass);
  }
  return list;
}

template <typename List, typename Name>
size_t widest(const List& list, Name&& name) {
  size_t width = 0;
  for (const auto& item : list) width = std::max(width, std::string_view(name(item)).size());
  return width;
}

std::string change(int64_t before, int64_t after) {
  return before == after ? fmt::format("{:>6}", before) : fmt::format("{:>6} -> {}", before, after);
}

int64_t count_of(const Counts& counts, const std::string& name) {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

Result<Optimized> optimize(const graph::Model& model, const std::vector<std::string>& off) {
  Optimized result;
  passes::OptimizeOptions options;
  options.off = off;
  options.report = [&](const passes::PassReport& report) { result.reports.push_back(report); };
  ASSIGN_OR_RETURN(result.model, passes::optimize(model, options));
  return result;
}

std::string optimized_text(const graph::Model& before, const Optimized& after) {
  std::string text = "\nPasses: nodes before and after\n";
  const auto pass_name = [](const passes::PassReport& report) { return report.name; };
  size_t width = widest(after.reports, pass_name);
  for (const passes::PassReport& report : after.reports) {
    text += fmt::format("  {}  {}\n", padded(std::string(report.name), width),
                        change(report.nodes_before, report.nodes_after));
  }
  if (after.reports.empty()) text += "  none ran\n";
  const Counts old = operators_of(before), now = operators_of(after.model);
  Counts all = old;
  all.insert(now.begin(), now.end());
  text += fmt::format("\nOperators before and after passes ({} -> {})\n",
                      passes::count_nodes(before.graph), passes::count_nodes(after.model.graph));
  width = std::min(widest(all, [](const auto& entry) { return entry.first; }), size_t{60});
  for (const auto& [name, ignored] : all) {
    text += fmt::format("  {}  {}\n", padded(fit(name, width), width),
                        change(count_of(old, name), count_of(now, name)));
  }
  return text;
}

Json optimized_json(const graph::Model& before, const Optimized& after) {
  Json json;
  json["passes"] = Json::array();
  for (const passes::PassReport& report : after.reports) {
    json["passes"].push_back({{"name", report.name},
                              {"nodes_before", report.nodes_before},
                              {"nodes_after", report.nodes_after}});
  }
  json["nodes_before"] = passes::count_nodes(before.graph);
  json["nodes_after"] = passes::count_nodes(after.model.graph);
  json["operators_before"] = operators_of(before);
  json["operators_after"] = operators_of(after.model);
  return json;
}

std::string passes_text() {
  const std::vector<passes::Pass> list = distinct_passes();
  const size_t width = widest(list, [](const passes::Pass& pass) { return pass.name; });
  std::string text = "Graph passes of provider cpu, in order; --passes-off NAME leaves one out\n";
  for (const passes::Pass& pass : list) {
    text +=
        fit(fmt::format("  {}  {}", padded(std::string(pass.name), width), pass.summary)) + "\n";
  }
  return text;
}

Json passes_json() {
  Json json = Json::array();
  for (const passes::Pass& pass : distinct_passes()) {
    json.push_back({{"name", pass.name}, {"summary", pass.summary}});
  }
  return json;
}

}  // namespace escuta::cli
