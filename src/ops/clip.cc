// Clip (ai.onnx 1, 6, 11, 12, 13): min(max, max(x, min)); the ends are attributes before version
// 11, later scalar inputs. NaN stays NaN.
#include <limits>

#include "ops/convert_elements.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class Clip final : public Kernel {
 public:
  explicit Clip(const NodeInfo& node)
      : by_attributes_(node.version() < 11),
        min_(node.number("min", std::numeric_limits<float>::lowest())),
        max_(node.number("max", std::numeric_limits<float>::max())),
        has_min_(node.has("min")),
        has_max_(node.has("max")) {}

  Status run(Call& call) const override {
    return dispatch(Numbers{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      using W = Wide<T>;
      W low, high;
      bool has_low = has_min_, has_high = has_max_;
      if (by_attributes_) {
        low = static_cast<W>(has_low ? min_ : 0);
        high = static_cast<W>(has_high ? max_ : 0);
      } else {
        RETURN_IF_ERROR(read_end<T>(call, 1, "min", &has_low, &low));
        RETURN_IF_ERROR(read_end<T>(call, 2, "max", &has_high, &high));
      }
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, call.shape(0)));
      const T* src = call.input(0).as<T>().data();
      const int64_t count = call.shape(0).count();
#pragma GCC ivdep
      for (int64_t i = 0; i < count; ++i) {
        W x = src[i];
        if (has_low && x < low) x = low;
        if (has_high && high < x) x = high;
        dst[i] = static_cast<T>(x);
      }
      return {};
    });
  }

 private:
  template <typename T>
  static Status read_end(Call& call, size_t i, std::string_view name, bool* has, Wide<T>* value) {
    *has = call.has(i);
    *value = Wide<T>{};
    if (!*has) return {};
    if (call.dtype(i) != call.dtype(0) || call.input(i).count() != 1) {
      return invalid_argument("expected {} to be one element of type {}, found {} of shape {}",
                              name, dtype_name(call.dtype(0)), dtype_name(call.dtype(i)),
                              call.shape(i).to_string());
    }
    *value = call.input(i).as<T>()[0];
    return {};
  }

  bool by_attributes_;
  float min_, max_;
  bool has_min_, has_max_;
};

}  // namespace

extern const Operator kClip = {
    .domain = "",
    .name = "Clip",
    .versions = {1, 6, 11, 12, 13},
    .inputs = {1, 3},
    .infer = [](Inference& node) { node.set(0, node.dtype(0), node.shape(0)); },
    .create = make<Clip>,
    .tolerance = Tolerance::kExact,
    .memory = Memory::kInPlace};

}  // namespace escuta::ops
