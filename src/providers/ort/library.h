// libonnxruntime, opened at run time, and its environment.
//
// Where it is looked for: the file that the environment variable ESCUTA_ORT_LIBRARY names, and then
// nowhere else; or libonnxruntime.so.1 and libonnxruntime.so as the system's loader finds them;
// or libonnxruntime.so* beside the program and in lib/ there. The library itself is never closed:
// its threads and thread-local objects may outlive every session.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "providers/ort/handle.h"
#include "providers/ort/ort_api.h"

namespace escuta::ort {

// Immutable once open; any thread. Sessions and values share it, so that it outlives them.
class Library {
 public:
  // Unavailable: no library, one that is too old, or one that does not load; says which, and how
  // to get one. Its messages go to our log, at the level that the log has now.
  static Result<std::shared_ptr<Library>> open();
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const OrtFunctions& api() const { return api_; }
  uint32_t api_version() const { return api_version_; }
  const std::string& version() const { return version_; }      // "1.31.1"
  const std::filesystem::path& path() const { return path_; }  // where it was found
  OrtEnv* env() const { return env_; }
  const OrtMemoryInfo* cpu_memory() const { return cpu_memory_.get(); }

  // Our status for the API's, which is released. nullptr is success.
  Status take(OrtStatus* status) const;

  // A string that the API allocated: copied and given back.
  std::string take_string(char* text) const;

  // Loads a library with execution providers under a name of our choice; before any session.
  // Unavailable before API 22, or when it does not load.
  Status register_plugin(const std::string& name, const std::filesystem::path& file);

  // The devices of all execution providers; borrowed until the next register_plugin. Empty before
  // API 22.
  std::vector<const OrtEpDevice*> ep_devices() const;

  // "CPUExecutionProvider", ...: those built into the library.
  std::vector<std::string> built_in_providers() const;

 private:
  Library() = default;
  Status start(void* handle, std::filesystem::path path);

  OrtFunctions api_;
  uint32_t api_version_ = 0;
  std::string version_;
  std::filesystem::path path_;
  OrtEnv* env_ = nullptr;
  MemoryInfoHandle cpu_memory_;
};

// ONNX Runtime's error text on one line, without its own source locations and signatures.
std::string readable_message(std::string_view message);

// Minor version of "1.31.1", the number that its API version follows; 0 when it is not 1.x.
uint32_t minor_version(std::string_view version);

}  // namespace escuta::ort
