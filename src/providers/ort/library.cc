#include "providers/ort/library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include "base/log.h"

namespace escuta::ort {
namespace {

constexpr const char* kSoname = "libonnxruntime.so.1";
constexpr const char* kHowToGet =
    "`pip install onnxruntime` brings it; set ESCUTA_ORT_LIBRARY to the path of its "
    "onnxruntime/capi/libonnxruntime.so.1.*, or run `./run demo`, which puts it beside the program";

constexpr std::string_view kErrorMark = "[ONNXRuntimeError] : ";

// ONNX Runtime logs an error that it also returns, and warns of much that no user can act on
// (unused initializers, devices it skipped). What matters reaches the user as a Status, so its
// warnings and errors are our `info`.
void forward_log(void*, int32_t severity, const char* category, const char*, const char*,
                 const char* message) {
  const std::string text = readable_message(message);
  if (severity >= kLogFatal) {
    log_error("onnxruntime ({}): {}", category, text);
  } else if (severity >= kLogWarning) {
    log_info("onnxruntime ({}): {}", category, text);
  } else {
    log_debug("onnxruntime ({}): {}", category, text);
  }
}

int32_t severity_for(LogLevel level) {
  if (level <= LogLevel::kDebug) return kLogInfo;
  return level <= LogLevel::kInfo ? kLogWarning : kLogFatal;
}

// libonnxruntime.so* in a folder, the highest version first.
std::vector<std::filesystem::path> libraries_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("libonnxruntime.so", 0) == 0) found.push_back(entry.path());
  }
  const auto minor = [](const std::filesystem::path& path) {
    constexpr std::string_view kStem = "libonnxruntime.so.";
    const std::string name = path.filename().string();
    return name.size() > kStem.size() ? minor_version(name.substr(kStem.size())) : 0;
  };
  std::sort(found.begin(), found.end(),
            [&](const auto& a, const auto& b) { return minor(a) > minor(b); });
  return found;
}

std::vector<std::filesystem::path> candidates() {
  std::vector<std::filesystem::path> paths = {kSoname, "libonnxruntime.so"};
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    for (const auto& folder : {program.parent_path(), program.parent_path() / "lib"}) {
      const auto found = libraries_in(folder);
      paths.insert(paths.end(), found.begin(), found.end());
    }
  }
  return paths;
}

std::string last_dl_error() {
  const char* error = ::dlerror();
  return error != nullptr ? error : "unknown error of the loader";
}

// The end of the C++ signature that starts at `at`: after its closing parenthesis and what may
// follow it (" const", " [with T = float]"). `at` itself when there is no signature.
size_t skip_signature(std::string_view text, size_t at) {
  const size_t open = text.find('(', at);
  if (open == std::string_view::npos ||
      text.substr(at, open - at).find("::") == std::string::npos) {
    return at;
  }
  int depth = 0;
  size_t i = open;
  for (; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth == 0) break;
  }
  if (i == text.size()) return at;
  ++i;
  if (text.substr(i).rfind(" const", 0) == 0) i += 6;
  if (text.substr(i).rfind(" [with", 0) == 0) {
    const size_t close = text.find(']', i);
    if (close != std::string_view::npos) i = close + 1;
  }
  return i;
}

StatusCode status_code(int32_t error, std::string_view message) {
  if (message.find("Failed to allocate memory") != std::string_view::npos ||
      message.find("std::bad_alloc") != std::string_view::npos) {
    return StatusCode::kResourceExhausted;
  }
  switch (error) {
    case kErrorInvalidArgument:
    case kErrorNoModel:
    case kErrorInvalidProtobuf:
    case kErrorInvalidGraph:
      return StatusCode::kInvalidArgument;
    case kErrorNoSuchFile:
      return StatusCode::kNotFound;
    case kErrorNotImplemented:
      return StatusCode::kUnimplemented;
    default:
      return StatusCode::kInternal;
  }
}

}  // namespace

uint32_t minor_version(std::string_view version) {
  uint32_t minor = 0;
  if (!version.starts_with("1.")) return 0;
  const std::string_view rest = version.substr(2);
  std::from_chars(rest.data(), rest.data() + rest.size(), minor);
  return minor;
}

std::string readable_message(std::string_view message) {
  std::string line;
  for (const char c : message) {
    const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (space && (line.empty() || line.back() == ' ')) continue;
    line += space ? ' ' : c;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  // "/onnxruntime_src/include/x.h:12 Status onnxruntime::Run(int) text" -> "text"
  for (size_t at = line.find("/onnxruntime_src/"); at != std::string::npos;
       at = line.find("/onnxruntime_src/")) {
    size_t end = line.find(' ', at);
    end = end == std::string::npos ? line.size() : skip_signature(line, end + 1);
    while (end < line.size() && line[end] == ' ') ++end;
    line.erase(at, end - at);
  }
  // "[ONNXRuntimeError] : 1 : FAIL : text" -> "text"
  for (size_t at = line.find(kErrorMark); at != std::string::npos; at = line.find(kErrorMark)) {
    size_t end = at + kErrorMark.size();
    for (int part = 0; part < 2; ++part) end = std::min(line.find(" : ", end), line.size() - 3) + 3;
    line.erase(at, end - at);
  }
  return line;
}

Result<std::shared_ptr<Library>> Library::open() {
  std::vector<std::filesystem::path> paths;
  const char* chosen = std::getenv("ESCUTA_ORT_LIBRARY");
  const bool explicit_path = chosen != nullptr && *chosen != '\0';
  paths = explicit_path ? std::vector<std::filesystem::path>{chosen} : candidates();
  std::string why;
  for (const auto& path : paths) {
    void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      // That the loader does not know the bare name is no news; anything else is.
      const std::string error = last_dl_error();
      if (explicit_path || path.has_parent_path()) why += (why.empty() ? "" : "; ") + error;
      continue;
    }
    std::shared_ptr<Library> library(new Library);
    const Status status = library->start(handle, path);
    if (status.ok()) return library;
    why += (why.empty() ? "" : "; ") + std::string(status.message());
  }
  if (why.empty()) why = "not found";
  return unavailable("expected ONNX Runtime 1.{} or later ({}{}): {}. {}", kOldestApi,
                     explicit_path ? "ESCUTA_ORT_LIBRARY=" : "", explicit_path ? chosen : kSoname,
                     why, kHowToGet);
}

Status Library::start(void* handle, std::filesystem::path path) {
  path_ = std::move(path);
  const void* symbol = ::dlsym(handle, "OrtGetApiBase");
  if (symbol == nullptr) {
    return unavailable("{} is not ONNX Runtime: it has no OrtGetApiBase", path_.string());
  }
  const OrtApiBase* (*get_base)() = nullptr;
  static_assert(sizeof(get_base) == sizeof(symbol));
  get_base = reinterpret_cast<const OrtApiBase* (*)()>(::dlsym(handle, "OrtGetApiBase"));
  const OrtApiBase* base = get_base();
  version_ = base->GetVersionString();
  // The API version is the minor version (ONNX Runtime's versioning page). Asking for one that the
  // library does not have would make it print to stderr, so the answer is computed first.
  const uint32_t minor = minor_version(version_);
  if (minor < kOldestApi) {
    return unavailable("{} is version {}", path_.string(), version_);
  }
  api_version_ = std::min(minor, kNewestApi);
  const void* table = base->GetApi(api_version_);
  if (table == nullptr) {
    return unavailable("{}, version {}, does not offer API version {}", path_.string(), version_,
                       api_version_);
  }
  api_ = OrtFunctions::bind(table, api_version_);
  RETURN_IF_ERROR(take(api_.CreateEnvWithCustomLogger(&forward_log, nullptr,
                                                      severity_for(log_level()), "escuta", &env_)));
  cpu_memory_ = MemoryInfoHandle(api_);
  RETURN_IF_ERROR(
      take(api_.CreateCpuMemoryInfo(kDeviceAllocator, kMemoryDefault, cpu_memory_.out())));
  Dl_info info{};
  if (::dladdr(symbol, &info) != 0 && info.dli_fname != nullptr) path_ = info.dli_fname;
  log_debug("ONNX Runtime {} (API {}) from {}", version_, api_version_, path_.string());
  return Status();
}

Library::~Library() {
  cpu_memory_ = MemoryInfoHandle();
  if (env_ != nullptr) api_.ReleaseEnv(env_);
}

Status Library::take(OrtStatus* status) const {
  if (status == nullptr) return Status();
  const std::string message = readable_message(api_.GetErrorMessage(status));
  const StatusCode code = status_code(api_.GetErrorCode(status), message);
  api_.ReleaseStatus(status);
  return Status(code, message);
}

std::string Library::take_string(char* text) const {
  if (text == nullptr) return "";
  std::string copy = text;
  OrtAllocator* allocator = nullptr;
  Status status = take(api_.GetAllocatorWithDefaultOptions(&allocator));
  if (status.ok()) status = take(api_.AllocatorFree(allocator, text));
  if (!status.ok()) log_warning("onnxruntime: cannot free a string: {}", status.message());
  return copy;
}

Status Library::register_plugin(const std::string& name, const std::filesystem::path& file) {
  if (api_.RegisterExecutionProviderLibrary == nullptr) {
    return unavailable("expected ONNX Runtime 1.22 or later for plugin providers, found {} at {}",
                       version_, path_.string());
  }
  const Status status =
      take(api_.RegisterExecutionProviderLibrary(env_, name.c_str(), file.c_str()));
  if (!status.ok()) return unavailable("{}: {}", file.string(), status.message());
  return Status();
}

std::vector<const OrtEpDevice*> Library::ep_devices() const {
  if (api_.GetEpDevices == nullptr) return {};
  const OrtEpDevice* const* devices = nullptr;
  size_t count = 0;
  const Status status = take(api_.GetEpDevices(env_, &devices, &count));
  if (!status.ok()) {
    log_warning("onnxruntime: cannot list devices: {}", status.message());
    return {};
  }
  return std::vector<const OrtEpDevice*>(devices, devices + count);
}

std::vector<std::string> Library::built_in_providers() const {
  char** names = nullptr;
  int32_t count = 0;
  if (!take(api_.GetAvailableProviders(&names, &count)).ok()) return {};
  std::vector<std::string> copy(names, names + count);
  const Status released = take(api_.ReleaseAvailableProviders(names, count));
  if (!released.ok()) log_warning("onnxruntime: {}", released.message());
  return copy;
}

}  // namespace escuta::ort
