#include "providers/ort/provider.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "base/log.h"
#include "providers/ort/executable.h"
#include "providers/ort/library.h"
#include "providers/ort/plugins.h"

namespace escuta::ort {
namespace {

class OrtProvider final : public engine::Provider {
 public:
  // library is null where availability.available is false.
  OrtProvider(std::shared_ptr<const Library> library, ExecutionProvider execution,
              engine::Availability availability)
      : library_(std::move(library)),
        weights_(library_ && execution.ort_name.empty() ? std::make_unique<SharedWeights>(library_)
                                                        : nullptr),
        execution_(std::move(execution)),
        availability_(std::move(availability)) {}

  std::string_view name() const override { return execution_.name; }
  const engine::Availability& availability() const override { return availability_; }

  // ONNX Runtime's CPU kernels back every other execution provider, so it takes whole graphs; an
  // operator that it does not know is an error of compile().
  std::vector<engine::Refusal> refusals(const graph::Model&) const override { return {}; }

  Result<std::unique_ptr<engine::Executable>> compile(
      std::shared_ptr<const graph::Model> model,
      const engine::CompileOptions& options) const override {
    if (!availability_.available) {
      return unavailable("provider `{}`: {}", execution_.name, availability_.reason);
    }
    ASSIGN_OR_RETURN(auto executable,
                     OrtExecutable::create(library_, *model, weights_.get(), execution_, options));
    return std::unique_ptr<engine::Executable>(std::move(executable));
  }

 private:
  std::shared_ptr<const Library> library_;
  std::unique_ptr<SharedWeights> weights_;  // for sessions of the CPU alone; null otherwise
  ExecutionProvider execution_;
  engine::Availability availability_;
};

// "CUDAExecutionProvider" -> "cuda"
std::string short_name(std::string name) {
  constexpr std::string_view kSuffix = "ExecutionProvider";
  if (name.size() > kSuffix.size() && name.ends_with(kSuffix)) {
    name.resize(name.size() - kSuffix.size());
  }
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

engine::Availability missing(std::string reason) { return {false, std::move(reason), "", ""}; }

using Providers = engine::Registry::Providers;

void add(Providers& providers, std::shared_ptr<const Library> library, ExecutionProvider execution,
         engine::Availability availability) {
  providers.push_back(std::make_unique<OrtProvider>(std::move(library), std::move(execution),
                                                    std::move(availability)));
}

// Azure's calls a web service and the CPU one is `ort` itself. That one is built in does not mean
// that its own libraries and its device are there; taking it up tells.
void add_built_in(Providers& providers, const std::shared_ptr<Library>& library) {
  for (const std::string& built_in : library->built_in_providers()) {
    if (built_in == "CPUExecutionProvider" || built_in == "AzureExecutionProvider") continue;
    const std::string name = short_name(built_in);
    const ExecutionProvider execution = {"ort:" + name, built_in, nullptr};
    const Status status = make_session_options(*library, execution, {}).status();
    add(providers, library, execution,
        status.ok() ? engine::Availability{true, "", library->version(), name}
                    : missing(std::string(status.message())));
  }
}

Providers find_providers(const std::vector<Plugin>& plugins) {
  Providers providers;
  Result<std::shared_ptr<Library>> opened = Library::open();
  if (!opened.ok()) {
    const std::string reason(opened.status().message());
    add(providers, nullptr, {"ort", "", nullptr}, missing(reason));
    for (const Plugin& plugin : plugins) {
      add(providers, nullptr, {"ort:" + plugin.name, "", nullptr}, missing(reason));
    }
    return providers;
  }
  const std::shared_ptr<Library> library = *opened;
  add(providers, library, {"ort", "", nullptr}, {true, "", library->version(), "CPU"});
  add_built_in(providers, library);
  for (const Plugin& plugin : plugins) {
    Result<std::vector<PluginDevice>> devices = load_plugin(*library, plugin);
    if (!devices.ok()) {
      add(providers, nullptr, {"ort:" + plugin.name, "", nullptr},
          missing(std::string(devices.status().message())));
      continue;
    }
    for (PluginDevice& device : *devices) {
      add(providers, library, {device.name, device.ort_name, device.device},
          {true, "", device.version, device.description});
    }
  }
  return providers;
}

}  // namespace

Status add_providers(engine::Registry& registry, const engine::ProviderOptions& options) {
  const char* from_environment = std::getenv("ESCUTA_ORT_PLUGINS");
  ASSIGN_OR_RETURN(const std::vector<Plugin> plugins,
                   parse_plugins(options.plugins, from_environment ? from_environment : ""));
  // Opening the library takes 18 MB and 25 ms that a model of provider cpu has no use for.
  registry.add_later([plugins] { return find_providers(plugins); });
  return Status();
}

}  // namespace escuta::ort
