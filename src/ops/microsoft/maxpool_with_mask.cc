// MaxpoolWithMask (com.microsoft 1): MaxPool of the elements that come, on their line of the
// window, before the first one whose mask is 0; the first of a plane of two dimensions or more
// counts always.
#include <algorithm>
#include <limits>

#include "ops/microsoft/inputs.h"
#include "ops/pooling.h"

namespace escuta::ops {
namespace {

class MaxpoolWithMask final : public Kernel {
 public:
  explicit MaxpoolWithMask(const NodeInfo& node) : attributes_(node) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 2));
    const Shape& x = call.shape(0);
    ASSIGN_OR_RETURN(const Windows windows, attributes_.resolve_for(x));
    ASSIGN_OR_RETURN(const Shape shape, window_output(windows, x[0], x[1]));
    ASSIGN_OR_RETURN(const auto src, elements<float>(call, 0));
    ASSIGN_OR_RETURN(const auto mask, elements<int32_t>(call, 1));
    const auto masked = static_cast<int64_t>(mask.size());
    if (masked == 0 || windows.in_count == 0 || masked % windows.in_count != 0 ||
        x[0] * x[1] * windows.in_count % masked) {
      return invalid_argument("expected a mask of planes like those of {}, found {}", x.to_string(),
                              call.shape(1).to_string());
    }
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    std::fill(dst, dst + shape.count(), std::numeric_limits<float>::lowest());
    if (shape.count() == 0) return {};
    for (int64_t plane = 0; plane < x[0] * x[1]; ++plane) {
      RETURN_IF_ERROR(call.check_cancelled());
      const int64_t at = plane * windows.in_count;
      take_max(windows, src.data() + at, mask.data() + at % masked,
               dst + plane * windows.out_count);
    }
    return {};
  }

 private:
  static void take_max(const Windows& windows, const float* in, const int32_t* mask, float* out) {
    const int outer = windows.rank - 1;
    std::array<int64_t, kMaxRank> o{};
    for (int64_t at = 0; at < windows.out_count; ++at) {
      std::array<std::pair<int64_t, int64_t>, kMaxRank> taps;
      bool empty = false;
      for (int i = 0; i <= outer; ++i) {
        taps[i] = windows.axes[i].taps(o[i], 0, windows.axes[i].in);
        empty |= taps[i].first >= taps[i].second;
      }
      if (!empty) out[at] = largest(windows, o, taps, in, mask);
      for (int i = outer; i >= 0; --i) {
        if (++o[i] < windows.axes[i].out) break;
        o[i] = 0;
      }
    }
  }

  // Of one window: the taps of each line up to the first that is masked.
  static float largest(const Windows& windows, const std::array<int64_t, kMaxRank>& o,
                       const std::array<std::pair<int64_t, int64_t>, kMaxRank>& taps,
                       const float* in, const int32_t* mask) {
    float top = std::numeric_limits<float>::lowest();
    const int outer = windows.rank - 1;
    std::array<int64_t, kMaxRank> k{};
    for (int i = 0; i < outer; ++i) k[i] = taps[i].first;
    for (bool more = true; more;) {
      int64_t line = 0;
      for (int i = 0; i <= outer; ++i) {
        const Axis& axis = windows.axes[i];
        line = line * axis.in + o[i] * axis.stride - axis.pad_begin;
        if (i < outer) line += k[i] * axis.dilation;
      }
      for (int64_t tap = taps[outer].first; tap < taps[outer].second; ++tap) {
        const int64_t at = line + tap * windows.last().dilation;
        if (mask[at] == 0 && (at > 0 || outer == 0)) break;
        top = std::max(top, in[at]);
      }
      int i = outer - 1;
      for (; i >= 0; --i) {
        if (++k[i] < taps[i].second) break;
        k[i] = taps[i].first;
      }
      more = i >= 0;
    }
    return top;
  }

  PoolAttributes attributes_;
};

}  // namespace

extern const Operator kMsMaxpoolWithMask = {.domain = "com.microsoft",
                                            .name = "MaxpoolWithMask",
                                            .versions = {1},
                                            .inputs = {2, 2},
                                            .infer = infer_pool,
                                            .create = make<MaxpoolWithMask>};

}  // namespace escuta::ops
