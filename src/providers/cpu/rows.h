// Loops over rows or elements, shared by the fast kernels: split over the threads of a call.
#pragma once

#include <algorithm>

#include "base/thread_pool.h"
#include "ops/call.h"

namespace escuta::cpu {

// function(begin, end) for parts of 0..count of at least `grain` elements each, on the call's
// threads.
template <typename F>
void for_parts(const ops::Call& call, int64_t count, int64_t grain, F&& function) {
  const int64_t parts =
      std::clamp<int64_t>(count / std::max<int64_t>(grain, 1), 1, call.threads() * 4);
  if (parts == 1 || call.threads() == 1) {
    if (count > 0) function(int64_t{0}, count);
    return;
  }
  thread_pool().parallel_for(parts, call.threads(), [&](long part, int) {
    function(count * part / parts, count * (part + 1) / parts);
  });
}

}  // namespace escuta::cpu
