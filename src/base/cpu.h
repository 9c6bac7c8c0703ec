// What this machine, and this process on it, has: cores, instruction sets, memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace escuta {

// Cores that this process may use: its affinity mask, cut by the CPU quota of its control groups.
// At least 1. Read anew at each call.
int available_cores();

struct CpuInfo {
  std::string model;              // "AMD EPYC 9004"
  int cores_online = 0;           // of the machine
  int cores_available = 0;        // available_cores()
  std::vector<std::string> isas;  // of those that matter to kernels: "avx2", "avx512f", "neon", ...
  uint64_t memory_total = 0;      // bytes; the control group's limit where that is lower
  uint64_t memory_available = 0;  // bytes
};
CpuInfo cpu_info();

// The control groups' limits, from the text of /proc/self/cgroup and the folder where they are
// mounted (/sys/fs/cgroup): version 2, or the controllers of version 1. A group's limit holds for
// all below it, so each of its ancestors is asked too.
std::optional<double> cgroup_cpu_limit(std::string_view proc_cgroup,
                                       const std::filesystem::path& mount);  // cores
std::optional<uint64_t> cgroup_memory_limit(std::string_view proc_cgroup,
                                            const std::filesystem::path& mount);  // bytes

}  // namespace escuta
