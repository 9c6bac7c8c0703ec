#include "graph/import.h"

#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/printable.h"
#include "graph/graph_importer.h"
#include "graph/order.h"

namespace escuta::graph {
namespace {

std::string normal_domain(std::string domain) {
  return domain == "ai.onnx" ? std::string() : std::move(domain);
}

Result<std::vector<onnx::OpsetImport>> import_opsets(
    const std::vector<onnx::OpsetImport>& imports) {
  std::map<std::string, int64_t> versions;
  std::vector<onnx::OpsetImport> opsets;
  for (const onnx::OpsetImport& import : imports) {
    const std::string domain = normal_domain(import.domain);
    const std::string shown = domain.empty() ? "ai.onnx" : printable(domain);
    if (import.version < 1) {
      return invalid_argument("operator set `{}`: expected a version of 1 or more, found {}", shown,
                              import.version);
    }
    const auto [it, is_new] = versions.emplace(domain, import.version);
    if (!is_new && it->second != import.version) {
      return invalid_argument("operator set `{}`: expected one version, found {} and {}", shown,
                              it->second, import.version);
    }
    if (is_new) opsets.push_back({domain, import.version});
  }
  return opsets;
}

std::unordered_set<std::string> domains_of(const std::vector<onnx::OpsetImport>& opsets) {
  std::unordered_set<std::string> domains;
  for (const onnx::OpsetImport& opset : opsets) domains.insert(opset.domain);
  return domains;
}

using FunctionKey = std::tuple<std::string, std::string, std::string>;

void collect_calls(const Graph& graph, const std::map<FunctionKey, size_t>& functions,
                   std::set<size_t>& calls) {
  for (const Node& node : graph.nodes()) {
    const auto it = functions.find({node.domain, node.op_type, node.overload});
    if (it != functions.end()) calls.insert(it->second);
    for (const GraphPtr& subgraph : node.subgraphs()) collect_calls(*subgraph, functions, calls);
  }
}

// Functions are expanded where they are called, so none may reach itself.
Status check_functions(const std::vector<Function>& functions) {
  std::map<FunctionKey, size_t> by_key;
  for (size_t i = 0; i < functions.size(); ++i) {
    const Function& f = functions[i];
    if (!by_key.emplace(FunctionKey(f.domain, f.name, f.overload), i).second) {
      return invalid_argument("function `{}`: expected one definition, found two",
                              printable(f.name));
    }
  }
  std::vector<std::vector<int32_t>> calls(functions.size());
  for (size_t i = 0; i < functions.size(); ++i) {
    std::set<size_t> called;
    collect_calls(functions[i].body, by_key, called);
    calls[i].assign(called.begin(), called.end());
  }
  const Order order = sort_topologically(calls);
  if (order.cycle.empty()) return Status();
  return invalid_argument(
      "function `{}`: expected functions that do not call themselves, found a cycle",
      printable(functions[static_cast<size_t>(order.cycle.front())].name));
}

Result<Function> import_function(onnx::FunctionDef def, const ImportContext& model_context) {
  Function function;
  function.name = std::move(def.name);
  function.domain = normal_domain(std::move(def.domain));
  function.overload = std::move(def.overload);
  ASSIGN_OR_RETURN(function.opsets, import_opsets(def.opset_imports));
  ImportContext context = model_context;
  context.domains = domains_of(function.opsets);
  context.in_function = true;

  onnx::GraphDef body;
  body.name = function.name;
  body.doc = std::move(def.doc);
  body.metadata = std::move(def.metadata);
  body.nodes = std::move(def.nodes);
  body.value_infos = std::move(def.value_infos);
  for (std::string& name : def.inputs) body.inputs.emplace_back().name = std::move(name);
  for (std::string& name : def.outputs) body.outputs.emplace_back().name = std::move(name);
  ASSIGN_OR_RETURN(function.body, import_graph(std::move(body), context));
  function.attributes = std::move(def.attributes);
  for (onnx::AttributeDef& a : def.attribute_defaults) {
    ASSIGN_OR_RETURN(Attribute made, import_constant_attribute(std::move(a), context));
    function.attribute_defaults.push_back(std::move(made));
  }
  return function;
}

}  // namespace

Result<Model> import_model(onnx::Model def) {
  Model model;
  model.ir_version = def.ir_version;
  if (model.ir_version < 1) {
    return invalid_argument("expected an ONNX IR version of 1 or more, found {}", model.ir_version);
  }
  ASSIGN_OR_RETURN(model.opsets, import_opsets(def.opset_imports));
  // IR versions 1 and 2 had one operator set and no field for it (onnx.proto,
  // IR_VERSION).
  if (model.ir_version < 3 && model.opsets.empty()) model.opsets.push_back({"", 1});

  ImportContext context;
  context.owner =
      std::make_shared<const std::vector<std::shared_ptr<const void>>>(std::move(def.keep_alive));
  context.domains = domains_of(model.opsets);
  for (onnx::FunctionDef& f : def.functions) {
    const std::string name = f.name;
    auto function = import_function(std::move(f), context);
    if (!function.ok()) {
      return function.status().with_context(fmt::format("function `{}`", printable(name)));
    }
    model.functions.push_back(*std::move(function));
  }
  RETURN_IF_ERROR(check_functions(model.functions));
  ASSIGN_OR_RETURN(model.graph, import_graph(std::move(def.graph), context));

  model.producer_name = std::move(def.producer_name);
  model.producer_version = std::move(def.producer_version);
  model.domain = std::move(def.domain);
  model.model_version = def.model_version;
  model.doc = std::move(def.doc);
  model.metadata = std::move(def.metadata);
  model.fields_left_out = std::move(def.fields_left_out);
  return model;
}

Result<std::shared_ptr<const Model>> load_model(const std::filesystem::path& path,
                                                const onnx::ReadOptions& options) {
  ASSIGN_OR_RETURN(onnx::Model def, onnx::read_model(path, options));
  auto model = import_model(std::move(def));
  if (!model.ok()) return model.status().with_context(path.string());
  model->path = path;
  return std::make_shared<const Model>(*std::move(model));
}

}  // namespace escuta::graph
