// MeanVarianceNormalization: (x - mean) / (standard deviation + 1e-9) over some axes.
#include "ops/reduction.h"

namespace escuta::ops {
namespace {

class MeanVarianceNormalization final : public Kernel {
 public:
  explicit MeanVarianceNormalization(const NodeInfo& node)
      : axes_(node.integers("axes", {0, 2, 3})) {}

  Status run(Call& call) const override {
    const Shape& shape = call.shape(0);
    ASSIGN_OR_RETURN(const uint32_t mask, axes_mask(axes_, shape.rank()));
    const ReducedShape plan(shape, mask, false);
    return dispatch(Floats{}, call.dtype(0),
                    [&](auto tag) -> Status { return loop<decltype(tag)>(call, plan); });
  }

 private:
  template <typename T>
  static Status loop(Call& call, const ReducedShape& plan) {
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, call.shape(0)));
    const T* src = call.input(0).as<T>().data();
    const int64_t count = plan.shape().count();
    const auto behind = static_cast<double>(plan.reduced_count());
    ASSIGN_OR_RETURN(double* means, call.scratch_of<double>(count));
    ASSIGN_OR_RETURN(double* scales, call.scratch_of<double>(count));
    reduce_into<SumRule<[](auto x, bool) { return x; }>, T>(plan, src, means);
    for (int64_t i = 0; i < count; ++i) means[i] /= behind;
    std::fill_n(scales, count, 0.0);
    plan.for_each_run([&](int64_t at, int64_t to, int64_t n, int64_t step) {
      for (int64_t i = 0; i < n; ++i) {
        const double x = src[at + i] - means[to + i * step];
        scales[to + i * step] += x * x;
      }
    });
    for (int64_t i = 0; i < count; ++i) scales[i] = 1 / (std::sqrt(scales[i] / behind) + 1e-9);
    plan.for_each_run([&](int64_t at, int64_t to, int64_t n, int64_t step) {
      for (int64_t i = 0; i < n; ++i) {
        const int64_t j = to + i * step;
        dst[at + i] = static_cast<T>(static_cast<Wide<T>>((src[at + i] - means[j]) * scales[j]));
      }
    });
    return {};
  }

  std::vector<int64_t> axes_;
};

}  // namespace

extern const Operator kMeanVarianceNormalization = {.domain = "",
                                                    .name = "MeanVarianceNormalization",
                                                    .versions = {9, 13},
                                                    .inputs = {1, 1},
                                                    .infer = infer_same,
                                                    .create = make<MeanVarianceNormalization>,
                                                    .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
