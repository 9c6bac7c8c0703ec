// AveragePool (ai.onnx 1, 7, 10, 11, 19, 22): the mean of each window.
#include "ops/average_pool.h"

#include "ops/pooling.h"

namespace escuta::ops {
namespace {

class AveragePool final : public Kernel {
 public:
  explicit AveragePool(const NodeInfo& node)
      : attributes_(node), include_pad_(node.integer("count_include_pad", 0) != 0) {}

  Status run(Call& call) const override {
    const Shape& x = call.shape(0);
    ASSIGN_OR_RETURN(const Windows windows, attributes_.resolve_for(x));
    ASSIGN_OR_RETURN(const Shape shape, window_output(windows, x[0], x[1]));
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      if (shape.count() == 0) return {};
      const T* src = call.input(0).as<T>().data();
      ASSIGN_OR_RETURN(double* sums, call.scratch_of<double>(windows.out_count));
      for (int64_t plane = 0; plane < x[0] * x[1]; ++plane) {
        RETURN_IF_ERROR(call.check_cancelled());
        sum_windows(windows, src + plane * windows.in_count, 1, sums,
                    [](T value) { return static_cast<double>(value); });
        TapCounter counter(windows, include_pad_);
        T* out = dst + plane * windows.out_count;
        for (int64_t o = 0; o < windows.out_count; ++o) {
          const int64_t taps = counter.next();
          out[o] = static_cast<T>(
              static_cast<Wide<T>>(taps == 0 ? 0 : sums[o] / static_cast<double>(taps)));
        }
      }
      return {};
    });
  }

 private:
  PoolAttributes attributes_;
  bool include_pad_;
};

}  // namespace

extern const Operator kAveragePool = {.domain = "",
                                      .name = "AveragePool",
                                      .versions = {1, 7, 10, 11, 19, 22},
                                      .inputs = {1, 1},
                                      .infer = infer_pool,
                                      .create = make<AveragePool>,
                                      .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
