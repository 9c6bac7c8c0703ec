// Plugin libraries of ONNX Runtime: execution providers in shared objects of their own, known by
// a name that the user chooses and the path of the file.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "providers/ort/library.h"

namespace escuta::ort {

struct Plugin {
  std::string name;  // "openvino": lower-case letters, digits, '-' and '_'
  std::filesystem::path path;
};

// `entries` are NAME=PATH; `environment` is NAME=PATH:NAME=PATH, read where `entries` has not the
// name. InvalidArgument: not of that form, or a name twice in one of them.
Result<std::vector<Plugin>> parse_plugins(std::span<const std::string> entries,
                                          std::string_view environment);

// One device that a plugin can run on, as a provider of ours.
struct PluginDevice {
  std::string name;         // "ort:qnn" for the first, "ort:qnn:cpu" for the others
  std::string ort_name;     // "QNNExecutionProvider"
  std::string version;      // of the plugin, where it says
  std::string description;  // "NPU (Qualcomm)"
  const OrtEpDevice* device = nullptr;
};

// Loads the plugin. Its devices, NPU before GPU before CPU; Unavailable when the file does not
// load or finds no device.
Result<std::vector<PluginDevice>> load_plugin(Library& library, const Plugin& plugin);

}  // namespace escuta::ort
