// Any bytes as a manifest and as a list of paths: refused with a message, or inputs whose results
// stay below their folder.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "jobs/list_file.h"
#include "jobs/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace escuta::jobs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto paths = parse_list(text);
  if (!paths.ok() && paths.status().message().empty()) std::abort();
  const auto inputs = parse_manifest(text, "folder");
  if (!inputs.ok()) {
    if (inputs.status().message().empty()) std::abort();
    return 0;
  }
  const auto names = output_names(*inputs);
  if (!names.ok()) return 0;
  for (const std::string& name : *names) {
    const std::filesystem::path path(name);
    if (path.is_absolute()) std::abort();
    for (const auto& part : path) {
      if (part == "..") std::abort();
    }
  }
  return 0;
}
