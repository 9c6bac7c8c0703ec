// QLinearAveragePool (com.microsoft 1): AveragePool of a quantised tensor, [N, C, D1, ..., Dn] or
// with `channels_last` [N, D1, ..., Dn, C].
// Inputs: X, x_scale, x_zero_point, y_scale, y_zero_point.
#include "ops/average_pool.h"
#include "ops/byte_quantization.h"
#include "ops/operator.h"
#include "ops/pooling.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  node.set(0, node.dtype(0), infer_pool_dims(node, node.integer("channels_last", 0) != 0));
}

class QLinearAveragePool final : public Kernel {
 public:
  explicit QLinearAveragePool(const NodeInfo& node)
      : attributes_(node),
        include_pad_(node.integer("count_include_pad", 0) != 0),
        channels_last_(node.integer("channels_last", 0) != 0) {}

  Status run(Call& call) const override {
    const Shape& x = call.shape(0);
    ASSIGN_OR_RETURN(const Windows windows, attributes_.resolve_for(x, channels_last_));
    const int64_t channels = x[channels_last_ ? x.rank() - 1 : 1];
    ASSIGN_OR_RETURN(const Shape shape, window_output(windows, x[0], channels, channels_last_));
    ASSIGN_OR_RETURN(const Quantizer from, read_quantizer(call, 1, 2, call.dtype(0)));
    ASSIGN_OR_RETURN(const Quantizer to, read_quantizer(call, 3, 4, call.dtype(0)));
    return dispatch(Bytes{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      if (shape.count() == 0) return {};
      ASSIGN_OR_RETURN(int64_t * sums, call.scratch_of<int64_t>(windows.out_count));
      const T* src = call.input(0).as<T>().data();
      const int64_t step = channels_last_ ? channels : 1;
      for (int64_t i = 0; i < x[0] * channels; ++i) {
        RETURN_IF_ERROR(call.check_cancelled());
        const int64_t first = i / channels * channels;
        const auto plane = [&](int64_t size) {
          return first * size + i % channels * (channels_last_ ? 1 : size);
        };
        sum_windows(windows, src + plane(windows.in_count), step, sums,
                    [&](T value) { return int64_t{value - from.zero}; });
        TapCounter counter(windows, include_pad_);
        T* out = dst + plane(windows.out_count);
        for (int64_t o = 0; o < windows.out_count; ++o) {
          const int64_t taps = counter.next();
          const double mean =
              taps == 0 ? 0 : static_cast<double>(sums[o]) / static_cast<double>(taps);
          out[o * step] = saturate<T>(static_cast<float>(mean * from.scale / to.scale), to.zero);
        }
      }
      return {};
    });
  }

 private:
  PoolAttributes attributes_;
  bool include_pad_;
  bool channels_last_;
};

}  // namespace

extern const Operator kMsQLinearAveragePool = {.domain = "com.microsoft",
                                               .name = "QLinearAveragePool",
                                               .versions = {1},
                                               .inputs = {2, 5},
                                               .infer = infer,
                                               .create = make<QLinearAveragePool>,
                                               .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
