#include "base/cpu.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <sstream>

namespace escuta {
namespace {

// Files of /proc and /sys say size 0, so they are read as streams. Cut at 1 MiB.
std::string read_kernel_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(size_t{1} << 20, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

std::optional<int64_t> read_number(const std::filesystem::path& path) {
  const std::string text = read_kernel_file(path);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;  // "max", "-1"
  return number;
}

struct Groups {
  std::vector<std::filesystem::path> v2, v1;  // the process's group and its ancestors
};

// The folder of group `path` under `mount`, and of each ancestor. In a container the mount often
// shows only a part of the tree; folders that are not there are simply without a limit.
std::vector<std::filesystem::path> with_ancestors(const std::filesystem::path& mount,
                                                  std::string_view path) {
  std::vector<std::filesystem::path> folders = {mount};
  for (const auto& part : std::filesystem::path(path).relative_path()) {
    if (part == "..") return {mount};
    folders.push_back(folders.back() / part);
  }
  return folders;
}

// Lines "0::/path" (version 2) and "3:cpu,cpuacct:/path" (version 1); cgroups(7).
Groups groups_of(std::string_view proc_cgroup, std::string_view controller,
                 const std::filesystem::path& mount) {
  Groups groups;
  std::istringstream lines{std::string(proc_cgroup)};
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string path = line.substr(second + 1);
    if (names == ",,") groups.v2 = with_ancestors(mount, path);
    if (names.find("," + std::string(controller) + ",") != std::string::npos) {
      groups.v1 = with_ancestors(mount / controller, path);
    }
  }
  return groups;
}

template <typename T>
void lower(std::optional<T>& limit, T candidate) {
  limit = limit.has_value() ? std::min(*limit, candidate) : candidate;
}

int affinity_cores() {
  // The kernel's mask may be wider than cpu_set_t's 1024.
  for (int cpus = 1024; cpus <= (1 << 18); cpus *= 4) {
    cpu_set_t* set = CPU_ALLOC(static_cast<size_t>(cpus));
    if (set == nullptr) break;
    const size_t size = CPU_ALLOC_SIZE(static_cast<size_t>(cpus));
    const int count = ::sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
  return static_cast<int>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

// The value of the first line "key : value".
std::string field(const std::string& text, std::string_view key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(key, 0) != 0) continue;
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const size_t start = line.find_first_not_of(" \t", colon + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return "";
}

uint64_t kilobytes(const std::string& meminfo, std::string_view key) {
  uint64_t number = 0;
  const std::string value = field(meminfo, key);
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number * 1024;
}

std::vector<std::string> known_isas(const std::string& flags) {
  constexpr std::array kKnown = {
      "sse4_1",   "avx",         "avx2",        "fma",         "f16c",     "avx_vnni", "avx512f",
      "avx512bw", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_int8", "amx_bf16", "asimd",
      "asimdhp",  "asimddp",     "i8mm",        "bf16",        "sve",      "sve2"};
  std::istringstream words(flags);
  const std::vector<std::string> has{std::istream_iterator<std::string>(words), {}};
  std::vector<std::string> isas;
  for (const char* isa : kKnown) {
    if (std::find(has.begin(), has.end(), isa) != has.end()) isas.emplace_back(isa);
  }
  return isas;
}

}  // namespace

std::optional<double> cgroup_cpu_limit(std::string_view proc_cgroup,
                                       const std::filesystem::path& mount) {
  const Groups groups = groups_of(proc_cgroup, "cpu", mount);
  std::optional<double> limit;
  for (const auto& folder : groups.v2) {  // cpu.max: "200000 100000", or "max 100000"
    std::istringstream words(read_kernel_file(folder / "cpu.max"));
    double quota = 0, period = 0;
    if (words >> quota >> period && quota > 0 && period > 0) lower(limit, quota / period);
  }
  for (const auto& folder : groups.v1) {
    const auto quota = read_number(folder / "cpu.cfs_quota_us");
    const auto period = read_number(folder / "cpu.cfs_period_us");
    if (quota.value_or(0) > 0 && period.value_or(0) > 0) {
      lower(limit, static_cast<double>(*quota) / static_cast<double>(*period));
    }
  }
  return limit;
}

std::optional<uint64_t> cgroup_memory_limit(std::string_view proc_cgroup,
                                            const std::filesystem::path& mount) {
  const Groups groups = groups_of(proc_cgroup, "memory", mount);
  std::optional<uint64_t> limit;
  for (const auto& folder : groups.v2) {
    if (const auto bytes = read_number(folder / "memory.max")) {
      lower(limit, static_cast<uint64_t>(*bytes));
    }
  }
  for (const auto& folder : groups.v1) {
    if (const auto bytes = read_number(folder / "memory.limit_in_bytes")) {
      lower(limit, static_cast<uint64_t>(*bytes));
    }
  }
  return limit;
}

int available_cores() {
  const int cores = affinity_cores();
  const auto limit = cgroup_cpu_limit(read_kernel_file("/proc/self/cgroup"), "/sys/fs/cgroup");
  if (!limit.has_value()) return cores;
  return std::clamp(static_cast<int>(std::ceil(*limit)), 1, cores);
}

CpuInfo cpu_info() {
  CpuInfo info;
  const std::string cpu = read_kernel_file("/proc/cpuinfo");
  const std::string memory = read_kernel_file("/proc/meminfo");
  info.model = field(cpu, "model name");
  info.cores_online = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  info.cores_available = available_cores();
  info.isas = known_isas(field(cpu, "flags") + " " + field(cpu, "Features"));
  info.memory_total = kilobytes(memory, "MemTotal");
  info.memory_available = kilobytes(memory, "MemAvailable");
  const auto limit = cgroup_memory_limit(read_kernel_file("/proc/self/cgroup"), "/sys/fs/cgroup");
  if (limit.has_value() && *limit < info.memory_total) {
    info.memory_total = *limit;
    info.memory_available = std::min(info.memory_available, *limit);
  }
  return info;
}

}  // namespace escuta
