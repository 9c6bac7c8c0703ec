// NhwcMaxPool (com.microsoft 1): MaxPool of 8-bit integers [N, D1, ..., Dn, C].
#include <limits>

#include "ops/pooling.h"

namespace escuta::ops {
namespace {

class NhwcMaxPool final : public Kernel {
 public:
  explicit NhwcMaxPool(const NodeInfo& node) : attributes_(node) {}

  Status run(Call& call) const override {
    const Shape& x = call.shape(0);
    ASSIGN_OR_RETURN(const Windows windows, attributes_.resolve_for(x, /*channels_last=*/true));
    const int64_t channels = x[x.rank() - 1];
    ASSIGN_OR_RETURN(const Shape shape, window_output(windows, x[0], channels, true));
    return dispatch(Types<int8_t, uint8_t>{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      std::fill(dst, dst + shape.count(), std::numeric_limits<T>::min());
      if (shape.count() == 0) return {};
      for (int64_t item = 0; item < x[0]; ++item) {
        RETURN_IF_ERROR(call.check_cancelled());
        take_max(windows, channels,
                 call.input(0).as<T>().data() + item * windows.in_count * channels,
                 dst + item * windows.out_count * channels);
      }
      return {};
    });
  }

 private:
  template <typename T>
  static void take_max(const Windows& windows, int64_t channels, const T* in, T* out) {
    for_each_tap(windows, [&](int64_t o, int64_t at, int64_t n, int64_t out_step, int64_t in_step) {
      for (int64_t i = 0; i < n; ++i) {
        const T* src = in + (at + i * in_step) * channels;
        T* top = out + (o + i * out_step) * channels;
        for (int64_t c = 0; c < channels; ++c) top[c] = std::max(top[c], src[c]);
      }
    });
  }

  PoolAttributes attributes_;
};

void infer(Inference& node) { node.set(0, node.dtype(0), infer_pool_dims(node, true)); }

}  // namespace

extern const Operator kMsNhwcMaxPool = {.domain = "com.microsoft",
                                        .name = "NhwcMaxPool",
                                        .versions = {1},
                                        .inputs = {1, 1},
                                        .infer = infer,
                                        .create = make<NhwcMaxPool>};

}  // namespace escuta::ops
