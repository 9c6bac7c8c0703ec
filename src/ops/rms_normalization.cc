// RMSNormalization (Zhang and Sennrich, 2019): x / sqrt(mean of squares + epsilon) * scale over the
// dimensions from `axis` on. The result has scale's element type.
#include "ops/normalize.h"

namespace escuta::ops {
namespace {

class RmsNormalization final : public Kernel {
 public:
  explicit RmsNormalization(const NodeInfo& node)
      : axis_(node.integer("axis", -1)), epsilon_(node.number("epsilon", 1e-5f)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const Rows rows, Rows::from(call.shape(0), axis_));
    return dispatch(Floats{}, call.dtype(0), [&](auto x) -> Status {
      return dispatch(Floats{}, call.dtype(1),
                      [&](auto y) -> Status { return loop<decltype(x), decltype(y)>(call, rows); });
    });
  }

 private:
  template <typename T, typename V>
  Status loop(Call& call, const Rows& rows) const {
    using W = std::common_type_t<Wide<T>, Wide<V>>;
    const Shape& shape = call.shape(0);
    ASSIGN_OR_RETURN(V * dst, call.output<V>(0, shape));
    ASSIGN_OR_RETURN(const auto scales, spread<V>(call, 1, shape, rows));
    const T* src = call.input(0).as<T>().data();
    for (int64_t row = 0; row < rows.rows && rows.columns > 0; ++row) {
      const int64_t at = row * rows.columns;
      const double squares = sum_of(rows.columns, [&](int64_t i) {
        const double x = src[at + i];
        return x * x;
      });
      const double mean = squares / static_cast<double>(rows.columns);
      const auto inverse = static_cast<W>(1 / std::sqrt(mean + epsilon_));
      const V* scale = scales.data + at % scales.period;
      for (int64_t i = 0; i < rows.columns; ++i) {
        dst[at + i] = static_cast<V>(
            static_cast<Wide<V>>(static_cast<W>(src[at + i]) * inverse * static_cast<W>(scale[i])));
      }
    }
    return {};
  }

  int64_t axis_;
  double epsilon_;
};

void infer(Inference& node) { node.set(0, node.dtype(1), node.shape(0)); }

}  // namespace

extern const Operator kRMSNormalization = {.domain = "",
                                           .name = "RMSNormalization",
                                           .versions = {23},
                                           .inputs = {2, 2},
                                           .infer = infer,
                                           .create = make<RmsNormalization>,
                                           .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
