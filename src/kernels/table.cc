#include "kernels/table.h"

#ifdef ESCUTA_X86_TABLES
#include <cpuid.h>
#endif
#ifdef ESCUTA_ARM_TABLES
#include <sys/auxv.h>
#endif

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/log.h"

namespace escuta::kernels {

extern const KernelTable kTable_generic;
#ifdef ESCUTA_X86_TABLES
extern const KernelTable kTable_avx2;
extern const KernelTable kTable_avx512;
extern const KernelTable kTable_avx512vnni;
#endif
#ifdef ESCUTA_ARM_TABLES
extern const KernelTable kTable_neon;
extern const KernelTable kTable_neondot;
#endif

namespace {

#ifdef ESCUTA_X86_TABLES
// clang 14 has no name for it in __builtin_cpu_supports.
bool supports_f16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}
#endif

std::vector<const KernelTable*> detect() {
  std::vector<const KernelTable*> tables;
#ifdef ESCUTA_X86_TABLES
  __builtin_cpu_init();
  const bool avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && supports_f16c();
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    if (__builtin_cpu_supports("avx512vnni")) tables.push_back(&kTable_avx512vnni);
    tables.push_back(&kTable_avx512);
  }
  if (avx2) tables.push_back(&kTable_avx2);
#endif
#ifdef ESCUTA_ARM_TABLES
  constexpr unsigned long kDotProducts = 1 << 20;  // HWCAP_ASIMDDP, of the kernel's interface
  if ((::getauxval(AT_HWCAP) & kDotProducts) != 0) tables.push_back(&kTable_neondot);
  tables.push_back(&kTable_neon);  // a part of every aarch64 processor
#endif
  tables.push_back(&kTable_generic);
  return tables;
}

const KernelTable& choose() {
  const KernelTable& best = *available_tables().front();
  const char* forced = std::getenv("ESCUTA_ISA");
  if (forced == nullptr || *forced == '\0') return best;
  const Status status = check_forced_isa();
  if (status.ok()) return **find_table(forced);
  log_warning("{}; using {}", status.message(), best.isa);
  return best;
}

}  // namespace

std::span<const KernelTable* const> available_tables() {
  static const std::vector<const KernelTable*> tables = detect();
  return tables;
}

Result<const KernelTable*> find_table(std::string_view isa) {
  std::string names;
  for (const KernelTable* table : available_tables()) {
    if (isa == table->isa) return table;
    names += std::string(names.empty() ? "" : ", ") + table->isa;
  }
  constexpr std::array kKnown = {"avx2", "avx512", "avx512vnni", "neon", "neondot"};
  const bool known = std::find(kKnown.begin(), kKnown.end(), isa) != kKnown.end();
  const std::string message = fmt::format(
      "expected an instruction set that this processor has kernels for ({}), found `{}`", names,
      isa);
  return Status(known ? StatusCode::kUnavailable : StatusCode::kInvalidArgument, message);
}

Status check_forced_isa() {
  const char* forced = std::getenv("ESCUTA_ISA");
  if (forced == nullptr || *forced == '\0') return Status();
  const auto table = find_table(forced);
  if (table.ok()) return Status();
  return table.status().with_context("ESCUTA_ISA");
}

const KernelTable& kernels() {
  static const KernelTable& table = choose();
  return table;
}

}  // namespace escuta::kernels
