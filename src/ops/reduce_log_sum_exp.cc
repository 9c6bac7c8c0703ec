// ReduceLogSumExp: max + log(sum(exp(x - max))), which does not overflow where the result fits.
#include "ops/extreme.h"

namespace escuta::ops {
namespace {

class ReduceLogSumExp final : public Kernel {
 public:
  explicit ReduceLogSumExp(const NodeInfo& node) : axes_(node, node.version() >= 18) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const ReducedShape plan, axes_.apply(call));
    return dispatch(ReducedNumbers{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      const T* src = call.input(0).as<T>().data();
      const int64_t count = plan.shape().count();
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, plan.shape()));
      ASSIGN_OR_RETURN(Wide<T> * best, call.scratch_of<Wide<T>>(count));
      reduce_into<Extreme<true>, T>(plan, src, best);
      ASSIGN_OR_RETURN(double* top, call.scratch_of<double>(count));
      for (int64_t i = 0; i < count; ++i) {
        const auto value = static_cast<double>(best[i]);
        top[i] = std::isfinite(value) ? value : 0;  // inf - inf is no number
      }
      ASSIGN_OR_RETURN(double* sums, call.scratch_of<double>(count));
      std::fill_n(sums, count, 0.0);
      plan.for_each_run([&](int64_t at, int64_t to, int64_t n, int64_t step) {
        for (int64_t i = 0; i < n; ++i) {
          const int64_t j = to + i * step;
          sums[j] += std::exp(static_cast<double>(src[at + i]) - top[j]);
        }
      });
      for (int64_t i = 0; i < count; ++i) dst[i] = saturated<T>(std::log(sums[i]) + top[i]);
      return {};
    });
  }

 private:
  ReduceAxes axes_;
};

}  // namespace

extern const Operator kReduceLogSumExp = {.domain = "",
                                          .name = "ReduceLogSumExp",
                                          .versions = {1, 11, 13, 18},
                                          .inputs = {1, 2},
                                          .infer = infer_reduction_of<18>,
                                          .create = make<ReduceLogSumExp>,
                                          .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
