// The choice of a KernelTable: the project's inner loops, compiled for one instruction set each.
//
// The table is chosen once, at the first call of kernels(): the best that this processor has, or
// the one that the variable ESCUTA_ISA names (generic; avx2, avx512, avx512vnni; neon, neondot).
// Any thread.
#pragma once

#include <span>
#include <string_view>

#include "base/status.h"
#include "kernels/table_entry.h"

namespace escuta::kernels {

const KernelTable& kernels();

// The tables that this processor can run, best first; the last is "generic".
std::span<const KernelTable* const> available_tables();

// InvalidArgument for an unknown name, Unavailable for one that this processor lacks.
Result<const KernelTable*> find_table(std::string_view isa);

// The error of find_table where ESCUTA_ISA names no table of this processor. Programs ask before
// they work; kernels() itself would warn and take the best.
Status check_forced_isa();

}  // namespace escuta::kernels
