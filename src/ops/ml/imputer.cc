// Imputer (ai.onnx.ml 1): replaces one value (NaN perhaps) by others, one for all or one for each
// element of the last dimension.
#include <cmath>

#include "ops/arguments.h"
#include "ops/dispatch.h"
#include "ops/ml/rows.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class Imputer final : public Kernel {
 public:
  explicit Imputer(const NodeInfo& node)
      : floats_(node.numbers("imputed_value_floats")),
        integers_(node.integers("imputed_value_int64s")),
        replaced_float_(node.number("replaced_value_float", 0)),
        replaced_integer_(node.integer("replaced_value_int64", 0)) {
    if (floats_.empty() == integers_.empty()) {
      node.fail(invalid_argument(
          "expected one of `imputed_value_floats` and `imputed_value_int64s`, found {}",
          floats_.empty() ? "none" : "both"));
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    return dispatch(ml::FeatureTypes{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      if constexpr (std::is_floating_point_v<T>) {
        return replace<T>(call, floats_, static_cast<T>(replaced_float_));
      } else {
        return replace<T>(call, integers_, static_cast<T>(replaced_integer_));
      }
    });
  }

 private:
  template <typename T, typename V>
  static Status replace(Call& call, const std::vector<V>& values, T replaced) {
    const Shape& shape = call.shape(0);
    const auto width = static_cast<size_t>(shape.rank() == 0 ? 1 : shape[shape.rank() - 1]);
    if (values.size() != 1 && values.size() != width) {
      return invalid_argument("expected 1 or {} values of the input's kind to impute, found {}",
                              width, values.size());
    }
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    const auto src = call.input(0).as<T>();
    const auto is_missing = [&](T x) {
      if constexpr (std::is_floating_point_v<T>) {
        if (std::isnan(replaced)) return std::isnan(x);
      }
      return x == replaced;
    };
    for (size_t i = 0; i < src.size(); ++i) {
      const V& value = values[values.size() == 1 ? 0 : i % width];
      dst[i] = is_missing(src[i]) ? static_cast<T>(value) : src[i];
    }
    return {};
  }

  std::vector<float> floats_;
  std::vector<int64_t> integers_;
  float replaced_float_;
  int64_t replaced_integer_;
};

}  // namespace

extern const Operator kMlImputer = {.domain = "ai.onnx.ml",
                                    .name = "Imputer",
                                    .versions = {1},
                                    .inputs = {1, 1},
                                    .infer = infer_same,
                                    .create = make<Imputer>,
                                    .memory = Memory::kInPlace};

}  // namespace escuta::ops
