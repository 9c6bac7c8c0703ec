// QuickGelu (com.microsoft 1): x * sigmoid(alpha * x).
#include <cmath>

#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class QuickGelu final : public Kernel {
 public:
  explicit QuickGelu(const NodeInfo& node) : alpha_(node.number("alpha", 1.702f)) {}

  Status run(Call& call) const override {
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      using W = Wide<T>;
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, call.shape(0)));
      const std::span<const T> src = call.input(0).as<T>();
      for (size_t i = 0; i < src.size(); ++i) {
        const W x = static_cast<W>(src[i]);
        dst[i] = static_cast<T>(x / (1 + std::exp(-static_cast<W>(alpha_) * x)));
      }
      return {};
    });
  }

 private:
  float alpha_;
};

}  // namespace

extern const Operator kMsQuickGelu = {.domain = "com.microsoft",
                                      .name = "QuickGelu",
                                      .versions = {1},
                                      .inputs = {1, 1},
                                      .infer = infer_same,
                                      .create = make<QuickGelu>,
                                      .tolerance = Tolerance::kRounding,
                                      .memory = Memory::kInPlace};

}  // namespace escuta::ops
