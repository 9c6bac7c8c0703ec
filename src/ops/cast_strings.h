// Numbers as text and back (ONNX specification, Cast).
#pragma once

#include <span>
#include <string>

#include "ops/convert_elements.h"

namespace escuta::ops {

// Plain and scientific numbers, NaN, INF, +INF and -INF in any case, True and False.
// InvalidArgument for other text.
Status cast_from_strings(std::span<const std::string> src, DType to, std::byte* dst,
                         const Narrowing& narrowing);

// The fewest digits that give the number back, as Python writes them: 0.1, 1000.0, 1e-07, nan.
// dst: src.count() strings.
Status cast_to_strings(const Datum& src, std::string* dst);

}  // namespace escuta::ops
