// DequantizeLinear (ai.onnx 10, 13, 19, 21, 23, 24, 25): (x - zero point) * scale, in float.
#include "ops/convert_elements.h"
#include "ops/dispatch.h"
#include "ops/quantization.h"

namespace escuta::ops {
namespace {

constexpr int64_t kBlock = 512;

// dst[i] = (x[at + i] - zero point) * scale. zeros: nullptr for 0.
Status dequantize(const Datum& x, int64_t at, int64_t count, const float* scales,
                  const double* zeros, int step, float* dst) {
  if (x.dtype() == DType::kInt32) {  // float does not have all of its values
    double wide[kBlock];
    RETURN_IF_ERROR(load_elements(x.dtype(), x.bytes(), at, count, wide));
    for (int64_t i = 0; i < count; ++i) {
      dst[i] = static_cast<float>(wide[i] - (zeros == nullptr ? 0 : zeros[i * step]));
    }
  } else {
    RETURN_IF_ERROR(load_elements(x.dtype(), x.bytes(), at, count, dst));
    if (zeros != nullptr && step == 0) {
      const auto zero = static_cast<float>(*zeros);
      for (int64_t i = 0; i < count; ++i) dst[i] -= zero;
    } else if (zeros != nullptr) {
      for (int64_t i = 0; i < count; ++i) dst[i] -= static_cast<float>(zeros[i]);
    }
  }
  if (step == 0) {
    const float scale = *scales;
    for (int64_t i = 0; i < count; ++i) dst[i] *= scale;
  } else {
    for (int64_t i = 0; i < count; ++i) dst[i] *= scales[i];
  }
  return {};
}

class DequantizeLinear final : public Kernel {
 public:
  explicit DequantizeLinear(const NodeInfo& node)
      : axis_(node.integer("axis", 1)),
        block_size_(node.integer("block_size", 0)),
        to_(node.dtype_attribute("output_dtype", DType::kUndefined)) {}

  Status run(Call& call) const override {
    const Datum& x = call.input(0);
    const DType to = to_ == DType::kUndefined ? call.dtype(1) : to_;
    RETURN_IF_ERROR(check(call, to));
    ASSIGN_OR_RETURN(const auto granularity,
                     Granularity::create(x.shape(), call.shape(1), axis_, block_size_));
    const int64_t count_scales = call.shape(1).count();
    ASSIGN_OR_RETURN(float* scales, call.scratch_of<float>(count_scales));
    RETURN_IF_ERROR(load_elements(call.dtype(1), call.input(1).bytes(), 0, count_scales, scales));
    double* zeros = nullptr;
    if (call.has(2)) {
      ASSIGN_OR_RETURN(zeros, call.scratch_of<double>(count_scales));
      RETURN_IF_ERROR(load_elements(call.dtype(2), call.input(2).bytes(), 0, count_scales, zeros));
    }
    ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, to, x.shape()));
    return granularity.for_each_run([&](int64_t at, int64_t count, int64_t scale_at, int step) {
      float block[kBlock];
      for (int64_t done = 0; done < count; done += kBlock) {
        const int64_t part = std::min(kBlock, count - done);
        const int64_t from = scale_at + done * step;
        float* values = to == DType::kFloat ? reinterpret_cast<float*>(dst) + at + done : block;
        RETURN_IF_ERROR(dequantize(x, at + done, part, scales + from,
                                   zeros == nullptr ? nullptr : zeros + from, step, values));
        if (values == block) RETURN_IF_ERROR(store_elements(block, part, to, dst, at + done));
      }
      return Status();
    });
  }

 private:
  static Status check(const Call& call, DType to) {
    if (!is_quantized(call.dtype(0)) && call.dtype(0) != DType::kInt32) {
      return unimplemented("elements of type {} are not quantised", dtype_name(call.dtype(0)));
    }
    if (!is_numeric(call.dtype(1)) || is_integer(call.dtype(1))) {
      return unimplemented("scales of type {} are not supported", dtype_name(call.dtype(1)));
    }
    if (to != DType::kFloat && to != DType::kFloat16 && to != DType::kBfloat16) {
      return invalid_argument("expected `output_dtype` float, float16 or bfloat16, found {}",
                              dtype_name(to));
    }
    if (!call.has(2)) return {};
    if (call.dtype(2) != call.dtype(0) || call.shape(2).count() != call.shape(1).count()) {
      return invalid_argument("expected zero points {} like the scales' {}, found {} {}",
                              dtype_name(call.dtype(0)), call.shape(1).to_string(),
                              dtype_name(call.dtype(2)), call.shape(2).to_string());
    }
    return {};
  }

  int64_t axis_;
  int64_t block_size_;
  DType to_;
};

void infer(Inference& node) {
  node.set(0, node.dtype_attribute("output_dtype", node.dtype(1)), node.shape(0));
}

}  // namespace

extern const Operator kDequantizeLinear = {.domain = "",
                                           .name = "DequantizeLinear",
                                           .versions = {10, 13, 19, 21, 23, 24, 25},
                                           .inputs = {2, 3},
                                           .infer = infer,
                                           .create = make<DequantizeLinear>,
                                           .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
