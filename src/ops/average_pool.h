// The means of windows, for AveragePool and its quantised relative.
#pragma once

#include <algorithm>

#include "ops/windows.h"

namespace escuta::ops {

// How many taps of each window count, for the outputs of one plane, given one at a time in order.
class TapCounter {
 public:
  // include_pad: taps in the padding count too (but not beyond it, where ceil_mode leads).
  TapCounter(const Windows& windows, bool include_pad)
      : windows_(windows), include_pad_(include_pad) {}

  int64_t next() {
    int64_t count = 1;
    for (int i = 0; i < windows_.rank; ++i) {
      const Axis& axis = windows_.axes[i];
      const auto [first, end] = axis.taps(o_[i], include_pad_ ? -axis.pad_begin : 0,
                                          axis.in + (include_pad_ ? axis.pad_end : 0));
      count *= std::max<int64_t>(end - first, 0);
    }
    for (int i = windows_.rank - 1; i >= 0; --i) {
      if (++o_[i] < windows_.axes[i].out) break;
      o_[i] = 0;
    }
    return count;
  }

 private:
  const Windows& windows_;
  bool include_pad_;
  std::array<int64_t, kMaxRank> o_{};
};

// sums[o] = what each(x) gives for the taps of output o, added up. x: one plane, its elements
// `step` apart.
template <typename S, typename T, typename F>
void sum_windows(const Windows& windows, const T* x, int64_t step, S* sums, F&& each) {
  std::fill(sums, sums + windows.out_count, S{});
  for_each_tap(windows, [&](int64_t o, int64_t at, int64_t n, int64_t out_step, int64_t in_step) {
    if (out_step == 1) {
      for (int64_t i = 0; i < n; ++i) sums[o + i] += each(x[(at + i * in_step) * step]);
      return;
    }
    S sum{};
    for (int64_t i = 0; i < n; ++i) sum += each(x[(at + i * in_step) * step]);
    sums[o] += sum;
  });
}

}  // namespace escuta::ops
