#include "cli/inspect_command.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <system_error>

#include "base/json.h"
#include "cli/model_page.h"
#include "cli/outputs.h"
#include "cli/page_text.h"
#include "cli/passes_page.h"
#include "graph/import.h"

namespace escuta::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string model;
  std::string format = "text";
  bool optimized = false;
  bool passes = false;
};

// The file itself, or the .onnx files of the folder and of its subfolder onnx/, by name.
Result<std::vector<fs::path>> model_files(const fs::path& model) {
  std::error_code error;
  if (!fs::is_directory(model, error)) return std::vector<fs::path>{model};
  std::vector<fs::path> files;
  for (const fs::path& folder : {model, model / "onnx"}) {
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      if (it->path().extension() == ".onnx") files.push_back(it->path());
    }
  }
  std::ranges::sort(files);
  if (files.empty()) {
    return not_found("{}: expected .onnx files in the folder or in its onnx/, found none",
                     model.string());
  }
  return files;
}

// What a provider says to the model: the reasons of refusals, each with how many nodes.
struct Claim {
  size_t refused = 0;
  std::map<std::string, size_t> reasons;
};

Claim claim_of(const engine::Provider& provider, const graph::Model& model) {
  Claim claim;
  for (const engine::Refusal& refusal : provider.refusals(model)) {
    ++claim.refused;
    ++claim.reasons[fmt::format("{}: {}", model.graph.node(refusal.node).op_type, refusal.reason)];
  }
  return claim;
}

std::string providers_text(const engine::Registry& registry, const graph::Model& model) {
  size_t width = 0;
  for (const auto& provider : registry.providers()) {
    width = std::max(width, provider->name().size());
  }
  std::string text = "\nProviders\n";
  for (const auto& provider : registry.providers()) {
    const std::string name = padded(std::string(provider->name()), width);
    if (!provider->availability().available) {
      text += fmt::format("  {}  not here; `escuta providers` says why\n", name);
      continue;
    }
    const Claim claim = claim_of(*provider, model);
    const size_t nodes = model.graph.nodes().size();
    text += fmt::format("  {}  takes {} of {} nodes\n", name, nodes - claim.refused, nodes);
    for (const auto& [reason, count] : claim.reasons) {
      text += fit(fmt::format("  {}    refuses {} x {}", std::string(width, ' '), count, reason));
      text += "\n";
    }
  }
  return text;
}

Json providers_json(const engine::Registry& registry, const graph::Model& model) {
  Json json = Json::array();
  for (const auto& provider : registry.providers()) {
    Json entry = {{"name", provider->name()},
                  {"available", provider->availability().available},
                  {"reason", provider->availability().reason}};
    if (provider->availability().available) {
      const Claim claim = claim_of(*provider, model);
      entry["nodes"] = model.graph.nodes().size() - claim.refused;
      entry["refused"] = Json::array();
      for (const auto& [reason, count] : claim.reasons) {
        entry["refused"].push_back({{"nodes", count}, {"reason", reason}});
      }
    }
    json.push_back(std::move(entry));
  }
  return json;
}

Status inspect_file(const fs::path& file, const Options& options,
                    const engine::CompileOptions& compile, const engine::Registry& registry,
                    bool first) {
  onnx::ReadOptions look;
  if (!options.optimized) look.align_data_under = 0;  // nothing is computed with the tensors
  ASSIGN_OR_RETURN(const auto model, graph::load_model(file, look));
  std::optional<Optimized> optimized;
  if (options.optimized) {
    ASSIGN_OR_RETURN(optimized, optimize(*model, compile.passes_off));
  }
  if (options.format == "json") {
    Json json = model_json(*model);
    json["providers"] = providers_json(registry, *model);
    if (optimized) json["optimized"] = optimized_json(*model, *optimized);
    return write_stdout(json_dump(json) + "\n");
  }
  return write_stdout((first ? "" : "\n\n") + render_model_page(*model) +
                      providers_text(registry, *model) +
                      (optimized ? optimized_text(*model, *optimized) : ""));
}

int inspect(const Options& options, Context& context) {
  const Result<engine::SessionOptions> session = context.session_options();
  if (!session.ok()) return fail(kUsage, session.status());
  if (options.passes) {
    const Status status =
        write_stdout(options.format == "json" ? json_dump(passes_json()) + "\n" : passes_text());
    return status.ok() ? kDone : fail(kUnusable, status);
  }
  if (options.model.empty()) {
    return fail(kUsage, invalid_argument("inspect: expected MODEL, an .onnx file or a folder of "
                                         "them, found none"));
  }
  const auto files = model_files(options.model);
  if (!files.ok()) return fail(kUnusable, files.status());
  size_t failed = 0;
  for (const fs::path& file : *files) {
    const Status status =
        inspect_file(file, options, session->compile, context.registry(), &file == &files->front());
    if (status.ok()) continue;
    print_error(status);
    ++failed;
  }
  if (failed == 0) return kDone;
  return failed == files->size() ? kUnusable : kSomeFailed;
}

}  // namespace

void add_inspect_command(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "inspect", "Show a model: inputs, outputs, operators, weights, metadata, providers");
  auto options = std::make_shared<Options>();
  command->add_option("MODEL", options->model, "An .onnx file, or a folder of them");
  command->add_option("-f,--format", options->format, "text, or json: one object a line")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->add_flag("--optimized", options->optimized,
                    "Show what the graph passes of provider cpu make of the model");
  command->add_flag("--passes", options->passes, "List the graph passes; no MODEL is needed");
  context.on_command(command, [options, &context] { return inspect(*options, context); });
}

}  // namespace escuta::cli
