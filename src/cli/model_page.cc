#include "cli/model_page.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "cli/model_stats.h"
#include "cli/page_text.h"

namespace escuta::cli {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

// A heading, and rows of a name and a text in two columns.
std::string section(const std::string& heading, const Rows& rows) {
  if (rows.empty()) return "";
  constexpr size_t kMaxName = 56;
  size_t width = 0;
  for (const auto& [name, text] : rows) {
    width = std::max(width, std::min(text_width(fit(name)), kMaxName));
  }
  std::string page = "\n" + fit(heading) + "\n";
  for (const auto& [name, text] : rows) {
    const std::string left = padded(fit(name, kMaxName), width);
    page +=
        text.empty() ? "  " + fit(name, kPageWidth - 2) : fit(fmt::format("  {}  {}", left, text));
    page += "\n";
  }
  return page;
}

std::string count_of(int64_t n, const char* one, const char* many) {
  return fmt::format("{} {}", with_commas(n), n == 1 ? one : many);
}

std::string domain_name(const std::string& domain) { return domain.empty() ? "ai.onnx" : domain; }

std::string head(const graph::Model& model, const ModelStats& stats) {
  const std::string file = model.path.empty() ? "model" : model.path.string();
  std::string page =
      fit(stats.file_bytes == 0 ? file
                                : fmt::format("{}  ({})", file, human_bytes(stats.file_bytes))) +
      "\n";
  const auto line = [&](const char* name, const std::string& text) {
    if (!text.empty()) page += fit(fmt::format("  {:<10}{}", name, text)) + "\n";
  };
  std::vector<std::string> opsets;
  for (const auto& opset : model.opsets) {
    opsets.push_back(fmt::format("{} {}", domain_name(opset.domain), opset.version));
  }
  const std::string space = model.producer_version.empty() ? "" : " ";
  line("producer", model.producer_name + space + model.producer_version);
  line("format", fmt::format("ONNX IR {}, opset {}", model.ir_version, fmt::join(opsets, ", ")));
  line("graph", fmt::format("{}{}{}", model.graph.name, model.graph.name.empty() ? "" : ", ",
                            count_of(stats.nodes, "node", "nodes")));
  line("domain", model.domain);
  line("version", model.model_version == 0 ? "" : std::to_string(model.model_version));
  line("about", model.doc);
  line("left out", fmt::format("{}", fmt::join(model.fields_left_out, ", ")));
  return page;
}

Rows value_rows(const graph::Graph& graph, const std::vector<graph::ValueId>& ids) {
  Rows rows;
  for (const graph::ValueId id : ids) {
    rows.emplace_back(graph.value(id).name, graph.value(id).fact.to_string());
  }
  return fold_numbers(rows);
}

Rows state_rows(const graph::Model& model, const ModelStats& stats) {
  Rows rows;
  for (const graph::StatePair& pair : stats.state) {
    rows.emplace_back(model.graph.value(model.graph.inputs[pair.input]).name,
                      model.graph.value(model.graph.outputs[pair.output]).name);
  }
  // Fold both sides: the text is the output's name with the number taken out.
  Rows inputs, outputs;
  for (const auto& [past, present] : rows) {
    inputs.emplace_back(past, "");
    outputs.emplace_back(present, "");
  }
  inputs = fold_numbers(inputs);
  outputs = fold_numbers(outputs);
  if (inputs.size() == outputs.size()) {
    rows.clear();
    for (size_t i = 0; i < inputs.size(); ++i) {
      rows.emplace_back(inputs[i].first, outputs[i].first);
    }
  }
  for (auto& [past, present] : rows) present = "<- " + present;
  return rows;
}

std::string operators(const ModelStats& stats) {
  std::vector<std::string> cells;
  for (const auto& [name, count] : stats.operators) {
    cells.push_back(fmt::format("{:>6}  {}", with_commas(count), fit(name, 60)));
  }
  if (cells.empty()) return "";
  return fmt::format("\nOperators ({})\n",
                     count_of(static_cast<int64_t>(cells.size()), "kind", "kinds")) +
         in_columns(cells);
}

Rows totals_rows(const std::map<std::string, TensorTotals>& totals) {
  Rows rows;
  for (const auto& [name, total] : totals) {
    rows.emplace_back(
        name, fmt::format("{:>15}  {:>10}  in {}", with_commas(total.elements),
                          human_bytes(total.bytes), count_of(total.tensors, "tensor", "tensors")));
  }
  return rows;
}

std::string parameters(const ModelStats& stats) {
  if (stats.parameters.tensors == 0) return "";
  return section(fmt::format("Parameters ({}, {})", with_commas(stats.parameters.elements),
                             human_bytes(stats.parameters.bytes)),
                 totals_rows(stats.by_dtype)) +
         section("External data", totals_rows(stats.external_files));
}

Rows subgraph_rows(const ModelStats& stats) {
  constexpr size_t kShown = 12;
  Rows rows;
  for (const SubgraphInfo& sub : stats.subgraphs) {
    if (rows.size() == kShown) {
      rows.emplace_back(fmt::format("... and {} more", stats.subgraphs.size() - kShown), "");
      break;
    }
    const std::string indent(static_cast<size_t>(sub.depth - 1) * 2, ' ');
    rows.emplace_back(fmt::format("{}{} {}", indent, sub.op_type, sub.node),
                      fmt::format("{}: {}", sub.attribute, count_of(sub.nodes, "node", "nodes")));
  }
  return rows;
}

Rows function_rows(const graph::Model& model) {
  Rows rows;
  for (const graph::Function& f : model.functions) {
    rows.emplace_back(fmt::format("{}.{}{}{}", domain_name(f.domain), f.name,
                                  f.overload.empty() ? "" : ":", f.overload),
                      count_of(static_cast<int64_t>(f.body.nodes().size()), "node", "nodes"));
  }
  return rows;
}

Json fact_json(const graph::Value& value) {
  Json json;
  json["name"] = value.name;
  const graph::Fact& fact = value.fact;
  if (fact.other != nullptr || !fact.is_known()) {
    json["type"] = fact.to_string();
    json["shape"] = nullptr;
    return json;
  }
  json["type"] = dtype_name(fact.dtype);
  json["shape"] = fact.shape ? Json::array() : Json(nullptr);
  if (!fact.shape) return json;
  for (const graph::Dim& dim : *fact.shape) {
    json["shape"].push_back(dim.is_known()         ? Json(dim.value())
                            : dim.symbol().empty() ? Json(nullptr)
                                                   : Json(dim.symbol()));
  }
  return json;
}

Json values_json(const graph::Graph& graph, const std::vector<graph::ValueId>& ids) {
  Json json = Json::array();
  for (const graph::ValueId id : ids) json.push_back(fact_json(graph.value(id)));
  return json;
}

Json totals_json(const TensorTotals& totals) {
  return {{"count", totals.elements}, {"tensors", totals.tensors}, {"bytes", totals.bytes}};
}

}  // namespace

std::string render_model_page(const graph::Model& model) {
  const ModelStats stats = collect_stats(model);
  Rows metadata(model.metadata.begin(), model.metadata.end());
  return head(model, stats) + section("Inputs", value_rows(model.graph, model.graph.inputs)) +
         section("Inputs with a default", value_rows(model.graph, model.graph.optional_inputs)) +
         section("Outputs", value_rows(model.graph, model.graph.outputs)) +
         section("State: inputs that outputs of the step before are for",
                 state_rows(model, stats)) +
         operators(stats) + parameters(stats) +
         section(fmt::format("Subgraphs ({})", stats.subgraphs.size()), subgraph_rows(stats)) +
         section("Functions", function_rows(model)) + section("Metadata", metadata);
}

Json model_json(const graph::Model& model) {
  const ModelStats stats = collect_stats(model);
  const graph::Graph& graph = model.graph;
  Json json;
  json["file"] = model.path.string();
  json["size_bytes"] = stats.file_bytes;
  json["producer"] = model.producer_name;
  json["producer_version"] = model.producer_version;
  json["ir_version"] = model.ir_version;
  json["model_version"] = model.model_version;
  json["domain"] = model.domain;
  json["doc"] = model.doc;
  json["graph"] = graph.name;
  json["opsets"] = Json::object();
  for (const auto& opset : model.opsets) json["opsets"][domain_name(opset.domain)] = opset.version;
  json["inputs"] = values_json(graph, graph.inputs);
  json["optional_inputs"] = values_json(graph, graph.optional_inputs);
  json["outputs"] = values_json(graph, graph.outputs);
  json["state"] = Json::array();
  for (const graph::StatePair& pair : stats.state) {
    json["state"].push_back({{"input", graph.value(graph.inputs[pair.input]).name},
                             {"output", graph.value(graph.outputs[pair.output]).name}});
  }
  json["nodes"] = stats.nodes;
  json["operators"] = Json::object();
  // Names are unique; operator[] would look at all of them each time.
  auto& operators = json["operators"].get_ref<Json::object_t&>();
  for (const auto& [name, count] : stats.operators) operators.emplace_back(name, count);
  json["parameters"] = totals_json(stats.parameters);
  json["parameters"]["by_type"] = Json::object();
  for (const auto& [name, totals] : stats.by_dtype) {
    json["parameters"]["by_type"][name] = totals_json(totals);
  }
  json["external_data"] = Json::array();
  for (const auto& [file, totals] : stats.external_files) {
    json["external_data"].push_back(
        {{"file", file}, {"tensors", totals.tensors}, {"bytes", totals.bytes}});
  }
  json["subgraphs"] = Json::array();
  for (const SubgraphInfo& sub : stats.subgraphs) {
    json["subgraphs"].push_back({{"node", sub.node},
                                 {"operator", sub.op_type},
                                 {"attribute", sub.attribute},
                                 {"nodes", sub.nodes},
                                 {"depth", sub.depth}});
  }
  json["functions"] = Json::array();
  for (const graph::Function& f : model.functions) {
    json["functions"].push_back({{"domain", domain_name(f.domain)},
                                 {"name", f.name},
                                 {"overload", f.overload},
                                 {"nodes", f.body.nodes().size()}});
  }
  json["metadata"] = Json::object();
  auto& metadata = json["metadata"].get_ref<Json::object_t&>();
  const std::map<std::string, std::string> unique(model.metadata.begin(), model.metadata.end());
  for (const auto& [key, value] : unique) metadata.emplace_back(key, value);
  json["left_out"] = model.fields_left_out;
  return json;
}

}  // namespace escuta::cli
