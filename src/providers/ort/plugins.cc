#include "providers/ort/plugins.h"

#include <algorithm>

namespace escuta::ort {
namespace {

bool valid_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Result<Plugin> parse_plugin(std::string_view entry) {
  const size_t equals = entry.find('=');
  const std::string_view name = entry.substr(0, equals);
  if (equals == std::string_view::npos || !valid_name(name) || equals + 1 == entry.size()) {
    return invalid_argument(
        "plugin provider: expected NAME=PATH, the name in lower-case letters, found `{}`", entry);
  }
  return Plugin{std::string(name), std::filesystem::path(entry.substr(equals + 1))};
}

Status add_plugin(std::string_view entry, std::vector<Plugin>& plugins) {
  ASSIGN_OR_RETURN(Plugin plugin, parse_plugin(entry));
  for (const Plugin& other : plugins) {
    if (other.name == plugin.name) {
      return invalid_argument("plugin provider: expected each name once, found `{}` twice",
                              plugin.name);
    }
  }
  plugins.push_back(std::move(plugin));
  return Status();
}

std::string_view hardware_name(int32_t type) {
  if (type == kHardwareNpu) return "NPU";
  return type == kHardwareGpu ? "GPU" : "CPU";
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

std::string text_or_empty(const char* text) { return text != nullptr ? text : ""; }

}  // namespace

Result<std::vector<Plugin>> parse_plugins(std::span<const std::string> entries,
                                          std::string_view environment) {
  std::vector<Plugin> plugins, from_environment;
  for (const std::string& entry : entries) RETURN_IF_ERROR(add_plugin(entry, plugins));
  while (!environment.empty()) {
    const size_t end = std::min(environment.find(':'), environment.size());
    if (end > 0) {
      const Status status = add_plugin(environment.substr(0, end), from_environment);
      if (!status.ok()) return status.with_context("ESCUTA_ORT_PLUGINS");
    }
    environment.remove_prefix(std::min(end + 1, environment.size()));
  }
  for (Plugin& plugin : from_environment) {
    const bool named = std::any_of(plugins.begin(), plugins.end(),
                                   [&](const Plugin& other) { return other.name == plugin.name; });
    if (!named) plugins.push_back(std::move(plugin));
  }
  return plugins;
}

Result<std::vector<PluginDevice>> load_plugin(Library& library, const Plugin& plugin) {
  const OrtFunctions& api = library.api();
  const std::vector<const OrtEpDevice*> before = library.ep_devices();
  RETURN_IF_ERROR(library.register_plugin(plugin.name, plugin.path));
  std::vector<const OrtEpDevice*> found;
  for (const OrtEpDevice* device : library.ep_devices()) {
    if (std::find(before.begin(), before.end(), device) == before.end()) found.push_back(device);
  }
  if (found.empty()) {
    return unavailable("{}: it loads, but finds no device that it can run on",
                       plugin.path.string());
  }
  const auto type_of = [&](const OrtEpDevice* device) {
    return api.HardwareDevice_Type(api.EpDevice_Device(device));
  };
  // OrtHardwareDeviceType counts from CPU up to NPU.
  std::stable_sort(found.begin(), found.end(), [&](const OrtEpDevice* a, const OrtEpDevice* b) {
    return type_of(a) > type_of(b);
  });
  std::vector<PluginDevice> devices;
  for (const OrtEpDevice* device : found) {
    PluginDevice made;
    const std::string_view hardware = hardware_name(type_of(device));
    made.name = "ort:" + plugin.name;
    if (!devices.empty()) made.name += ":" + lower(hardware);
    const bool taken = std::any_of(devices.begin(), devices.end(),
                                   [&](const PluginDevice& d) { return d.name == made.name; });
    if (taken) made.name += std::to_string(devices.size());
    made.ort_name = text_or_empty(api.EpDevice_EpName(device));
    const OrtKeyValuePairs* metadata = api.EpDevice_EpMetadata(device);
    if (metadata != nullptr) made.version = text_or_empty(api.GetKeyValue(metadata, "version"));
    const std::string vendor =
        text_or_empty(api.HardwareDevice_Vendor(api.EpDevice_Device(device)));
    made.description = std::string(hardware) + (vendor.empty() ? "" : " (" + vendor + ")");
    made.device = device;
    devices.push_back(std::move(made));
  }
  return devices;
}

}  // namespace escuta::ort
