#include "kernels/table.h"

#ifdef ESCUTA_X86_TABLES
#include <cpuid.h>
#endif

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
  tables.push_back(&kTable_generic);
  return tables;
}

const KernelTable& choose() {
  const char* forced = std::getenv("ESCUTA_ISA");
  if (forced == nullptr || *forced == '\0') return *available_tables().front();
  auto table = find_table(forced);
  if (table.ok()) return **table;
  log_warning("ESCUTA_ISA: {}; using {}", table.status().message(),
              available_tables().front()->isa);
  return *available_tables().front();
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
  if (isa == "avx2" || isa == "avx512" || isa == "avx512vnni") {
    return unavailable("expected an instruction set of this processor ({}), found `{}`", names,
                       isa);
  }
  return invalid_argument("expected generic, avx2, avx512 or avx512vnni, found `{}`", isa);
}

const KernelTable& kernels() {
  static const KernelTable& table = choose();
  return table;
}

}  // namespace escuta::kernels
