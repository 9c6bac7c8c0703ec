// Dropout (ai.onnx 1, 6, 7, 10, 12, 13, 22): hands its input on, unless it is told to train; then
// elements become 0 with probability `ratio` and the others grow by 1 / (1 - ratio).
//
// It trains before version 7 unless `is_test`, from version 7 to 11 never, later where input 2 says
// so. The mask is true (before version 10: 1, in the type of the data) where elements stay.
#include <algorithm>
#include <optional>

#include "ops/convert_elements.h"
#include "ops/dispatch.h"
#include "ops/random_numbers.h"

namespace escuta::ops {
namespace {

class Dropout final : public Kernel {
 public:
  explicit Dropout(const NodeInfo& node)
      : bool_mask_(node.version() >= 10),
        by_inputs_(node.version() >= 12),
        train_(node.version() < 7 && node.integer("is_test", 0) == 0),
        ratio_(by_inputs_ ? 0.5f : node.number("ratio", 0.5f)) {
    if (by_inputs_ && node.has("seed")) {
      seed_ = Seed(node.integer("seed", 0));
    }
  }

  Status run(Call& call) const override {
    double ratio = ratio_;
    bool train = train_;
    if (by_inputs_ && call.has(1)) {
      ASSIGN_OR_RETURN(ratio, load_scalar<double>(call.input(1), "ratio"));
    }
    if (by_inputs_ && call.has(2)) {
      ASSIGN_OR_RETURN(const int64_t mode, load_scalar<int64_t>(call.input(2), "training_mode"));
      train = mode != 0;
    }
    if (!(ratio >= 0 && ratio <= 1)) {
      return invalid_argument("expected a ratio from 0 to 1, found {}", ratio);
    }
    if (train && ratio > 0) return drop(call, ratio);
    if (!call.input(0).is_tensor()) return invalid_argument("expected a tensor to drop from");
    call.set(0, call.input(0));
    return call.wants(1) ? fill_mask(call) : Status();
  }

 private:
  DType mask_dtype(const Call& call) const { return bool_mask_ ? DType::kBool : call.dtype(0); }

  Status fill_mask(Call& call) const {
    constexpr int64_t kBlock = 512;
    int64_t ones[kBlock];
    std::fill_n(ones, kBlock, 1);
    const int64_t size = call.shape(0).count();
    const DType dtype = mask_dtype(call);
    ASSIGN_OR_RETURN(std::byte * mask, call.allocate(1, dtype, call.shape(0)));
    for (int64_t at = 0; at < size; at += kBlock) {
      RETURN_IF_ERROR(store_elements(ones, std::min(kBlock, size - at), dtype, mask, at));
    }
    return {};
  }

  Status drop(Call& call, double ratio) const {
    const Datum& src = call.input(0);
    if (!is_numeric(src.dtype()) || is_integer(src.dtype())) {
      return unimplemented("dropping elements of type {} is not supported",
                           dtype_name(src.dtype()));
    }
    std::byte* mask = nullptr;
    if (call.wants(1)) {
      ASSIGN_OR_RETURN(mask, call.allocate(1, mask_dtype(call), src.shape()));
    }
    ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, src.dtype(), src.shape()));
    const double scale = ratio < 1 ? 1 / (1 - ratio) : 0;
    return seed_.with_generator(call, [&](auto& generator) -> Status {
      constexpr int64_t kBlock = 512;
      double block[kBlock], kept[kBlock];
      for (int64_t at = 0; at < src.count(); at += kBlock) {
        const int64_t count = std::min(kBlock, src.count() - at);
        RETURN_IF_ERROR(load_elements(src.dtype(), src.bytes(), at, count, block));
        for (int64_t i = 0; i < count; ++i) {
          kept[i] = uniform(generator) >= ratio ? 1 : 0;
          block[i] = kept[i] != 0 ? block[i] * scale : 0;
        }
        RETURN_IF_ERROR(store_elements(block, count, src.dtype(), dst, at));
        if (mask != nullptr) {
          RETURN_IF_ERROR(store_elements(kept, count, mask_dtype(call), mask, at));
        }
      }
      return {};
    });
  }

  bool bool_mask_;
  bool by_inputs_;
  bool train_;
  float ratio_;
  Seed seed_;
};

void infer(Inference& node) {
  node.set(0, node.dtype(0), node.shape(0));
  node.set(1, node.version() >= 10 ? DType::kBool : node.dtype(0), node.shape(0));
}

}  // namespace

extern const Operator kDropout = {.domain = "",
                                  .name = "Dropout",
                                  .versions = {1, 6, 7, 10, 12, 13, 22},
                                  .inputs = {1, 3},
                                  .outputs = {1, 2},
                                  .infer = infer,
                                  .create = make<Dropout>,
                                  .tolerance = Tolerance::kRandom,
                                  .memory = Memory::kView};

}  // namespace escuta::ops
