#include "cli/providers_command.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "base/cpu.h"
#include "base/json.h"
#include "cli/outputs.h"
#include "kernels/table.h"

namespace escuta::cli {
namespace {

double gib(uint64_t bytes) { return static_cast<double>(bytes) / (1 << 30); }

std::string as_text(const CpuInfo& cpu, const engine::Registry& registry) {
  std::string text = fmt::format(
      "CPU       {}\n"
      "cores     {} of {}\n"
      "ISA       {}\n"
      "kernels   {}\n"
      "memory    {:.1f} GiB, {:.1f} available\n\n",
      cpu.model.empty() ? "unknown" : cpu.model, cpu.cores_available, cpu.cores_online,
      fmt::join(cpu.isas, " "), kernels::kernels().isa, gib(cpu.memory_total),
      gib(cpu.memory_available));
  size_t width = 8;
  for (const auto& provider : registry.providers()) {
    width = std::max(width, provider->name().size());
  }
  text += fmt::format("{:<{}}  {:<9}  {:<8}  {}\n", "PROVIDER", width, "AVAILABLE", "VERSION",
                      "DEVICE, OR WHY NOT");
  for (const auto& provider : registry.providers()) {
    const engine::Availability& state = provider->availability();
    text += fmt::format("{:<{}}  {:<9}  {:<8}  {}\n", provider->name(), width,
                        state.available ? "yes" : "no", state.version.empty() ? "-" : state.version,
                        state.available ? state.device : state.reason);
  }
  return text;
}

std::string as_json(const CpuInfo& cpu, const engine::Registry& registry) {
  Json json;
  json["device"] = {{"cpu", cpu.model},
                    {"cores", cpu.cores_available},
                    {"cores_online", cpu.cores_online},
                    {"isa", cpu.isas},
                    {"kernels", kernels::kernels().isa},
                    {"memory_bytes", cpu.memory_total},
                    {"memory_available_bytes", cpu.memory_available}};
  json["providers"] = Json::array();
  for (const auto& provider : registry.providers()) {
    const engine::Availability& state = provider->availability();
    json["providers"].push_back({{"name", provider->name()},
                                 {"available", state.available},
                                 {"version", state.version},
                                 {"device", state.device},
                                 {"reason", state.reason}});
  }
  return json_dump(json) + "\n";
}

}  // namespace

void add_providers_command(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("providers", "Show this machine and which providers can be used on it");
  auto format = std::make_shared<std::string>("text");
  command->add_option("-f,--format", *format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  context.on_command(command, [format, &context]() -> int {
    const Result<engine::SessionOptions> options = context.session_options();
    if (!options.ok()) return fail(kUsage, options.status());
    const CpuInfo cpu = cpu_info();
    const engine::Registry& registry = context.registry();
    const Status status =
        write_stdout(*format == "json" ? as_json(cpu, registry) : as_text(cpu, registry));
    return status.ok() ? kDone : fail(kSomeFailed, status);
  });
}

}  // namespace escuta::cli
