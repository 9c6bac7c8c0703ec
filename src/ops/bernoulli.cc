// Bernoulli (ai.onnx 15, 22): 1 with the probability that the input has, else 0.
#include <algorithm>

#include "ops/convert_elements.h"
#include "ops/random_numbers.h"

namespace escuta::ops {
namespace {

class Bernoulli final : public Kernel {
 public:
  explicit Bernoulli(const NodeInfo& node)
      : seed_(node), dtype_(node.dtype_attribute("dtype", DType::kUndefined)) {}

  Status run(Call& call) const override {
    const Datum& src = call.input(0);
    const DType dtype = dtype_ == DType::kUndefined ? src.dtype() : dtype_;
    if (!is_numeric(src.dtype()) || is_integer(src.dtype())) {
      return unimplemented("probabilities of element type {} are not supported",
                           dtype_name(src.dtype()));
    }
    ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, dtype, src.shape()));
    return seed_.with_generator(call, [&](auto& generator) -> Status {
      constexpr int64_t kBlock = 512;
      double block[kBlock];
      for (int64_t at = 0; at < src.count(); at += kBlock) {
        const int64_t count = std::min(kBlock, src.count() - at);
        RETURN_IF_ERROR(load_elements(src.dtype(), src.bytes(), at, count, block));
        for (int64_t i = 0; i < count; ++i) block[i] = uniform(generator) < block[i] ? 1 : 0;
        RETURN_IF_ERROR(store_elements(block, count, dtype, dst, at));
      }
      return {};
    });
  }

 private:
  Seed seed_;
  DType dtype_;
};

}  // namespace

extern const Operator kBernoulli = {.domain = "",
                                    .name = "Bernoulli",
                                    .versions = {15, 22},
                                    .inputs = {1, 1},
                                    .infer = infer_random_like,
                                    .create = make<Bernoulli>,
                                    .tolerance = Tolerance::kRandom};

}  // namespace escuta::ops
