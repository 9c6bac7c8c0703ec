// Elements as the type that a loop computes in, converted only where they are not of it already.
#pragma once

#include "ops/call.h"

namespace escuta::ops {

// The elements as W, in scratch memory of the call unless they are W's bits already.
template <typename W, typename T>
Result<const W*> widened(Call& call, std::span<const T> src) {
  if constexpr (std::is_same_v<W, T> ||
                (std::is_integral_v<W> && std::is_integral_v<T> && sizeof(W) == sizeof(T))) {
    return reinterpret_cast<const W*>(src.data());
  } else {
    ASSIGN_OR_RETURN(W * dst, call.scratch_of<W>(static_cast<int64_t>(src.size())));
    for (size_t i = 0; i < src.size(); ++i) dst[i] = static_cast<W>(static_cast<Wide<T>>(src[i]));
    return dst;
  }
}

}  // namespace escuta::ops
