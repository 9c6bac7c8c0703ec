// LpNormalization: x / ||x||_p along an axis, p 1 or 2; 0 where the norm is 0.
#include <cmath>

#include "ops/dispatch.h"
#include "ops/lines.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class LpNormalization final : public Kernel {
 public:
  explicit LpNormalization(const NodeInfo& node)
      : axis_(node.integer("axis", -1)), p_(node.integer("p", 2)) {
    if (p_ != 1 && p_ != 2) node.fail(invalid_argument("p: expected 1 or 2, found {}", p_));
  }

  Status run(Call& call) const override {
    const Shape& shape = call.shape(0);
    ASSIGN_OR_RETURN(const Lines lines, Lines::along(shape, axis_));
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      const T* src = call.input(0).as<T>().data();
      lines.for_each([&](int64_t at) {
        double sum = 0;
        for (int64_t i = 0; i < lines.count; ++i) {
          const double x = src[at + i * lines.step];
          sum += p_ == 1 ? std::abs(x) : x * x;
        }
        const double norm = p_ == 1 ? sum : std::sqrt(sum);
        const double scale = norm == 0 ? 0 : 1 / norm;
        for (int64_t i = 0; i < lines.count; ++i) {
          const int64_t j = at + i * lines.step;
          dst[j] = static_cast<T>(static_cast<Wide<T>>(src[j] * scale));
        }
      });
      return {};
    });
  }

 private:
  int64_t axis_;
  int64_t p_;
};

}  // namespace

extern const Operator kLpNormalization = {.domain = "",
                                          .name = "LpNormalization",
                                          .versions = {1, 22},
                                          .inputs = {1, 1},
                                          .infer = infer_same,
                                          .create = make<LpNormalization>,
                                          .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
