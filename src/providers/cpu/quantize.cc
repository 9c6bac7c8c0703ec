// QuantizeLinear and DequantizeLinear between f32 and bytes, and DynamicQuantizeLinear, over
// kernels/vector.
#include "providers/cpu/quantize.h"

#include "kernels/table.h"
#include "kernels/table_entry.h"
#include "providers/cpu/quantized.h"
#include "providers/cpu/rows.h"

namespace escuta::cpu {
namespace {

constexpr int64_t kGrain = 16384;  // elements that are worth a thread

struct Range {
  float low = 0, high = 0;
};

// Of 0 and the elements that are not NaN.
Range range_of(const float* src, int64_t count) {
  const kernels::VectorLoops& loops = kernels::kernels().vector;
  Range range;
  range.low = loops.reduce(kernels::ReduceOp::kMin, src, count);
  range.high = loops.reduce(kernels::ReduceOp::kMax, src, count);
  if (range.low != range.low || range.high != range.high) {
    range = {};
    for (int64_t i = 0; i < count; ++i) {
      range.low = src[i] < range.low ? src[i] : range.low;
      range.high = src[i] > range.high ? src[i] : range.high;
    }
  }
  return {std::min(range.low, 0.0f), std::max(range.high, 0.0f)};
}

struct Limits {
  int low, high;
};
Limits limits(DType dtype) { return dtype == DType::kInt8 ? Limits{-128, 127} : Limits{0, 255}; }

class DynamicQuantizeLinear final : public ops::Kernel {
 public:
  Status run(ops::Call& call) const override {
    if (call.dtype(0) != DType::kFloat) {
      return invalid_argument("expected float, found {}", dtype_name(call.dtype(0)));
    }
    const float* src = call.input(0).as<float>().data();
    const int64_t count = call.input(0).count();
    ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, DType::kUint8, call.shape(0)));
    ASSIGN_OR_RETURN(float* scale, call.output<float>(1, Shape{}));
    ASSIGN_OR_RETURN(uint8_t * zero, call.output<uint8_t>(2, Shape{}));
    const ops::Quantizer quantizer = quantizer_of(call, src, count);
    quantize_bytes(call, src, count, quantizer.scale, quantizer.zero, DType::kUint8, dst);
    *scale = quantizer.scale;
    *zero = static_cast<uint8_t>(quantizer.zero);
    return {};
  }
};

// QuantizeLinear of floats to bytes, and back: one scale, or one for each index of an axis.
class Linear final : public ops::Kernel {
 public:
  Linear(const ops::NodeInfo& node, bool back) : axis_(node.integer("axis", 1)), back_(back) {}

  Status run(ops::Call& call) const override {
    const DType bytes = back_ ? call.dtype(0) : call.has(2) ? call.dtype(2) : DType::kUint8;
    if (!is_byte(bytes) || call.dtype(1) != DType::kFloat ||
        (!back_ && call.dtype(0) != DType::kFloat) ||
        (call.has(2) &&
         (call.dtype(2) != bytes || call.input(2).count() != call.input(1).count()))) {
      return invalid_argument("expected float, bytes and as many scales as zero points, found {}",
                              dtype_name(call.dtype(0)));
    }
    const Shape shape = call.shape(0);
    ASSIGN_OR_RETURN(const auto granularity,
                     ops::Granularity::create(shape, call.shape(1), axis_, 0));
    const std::byte* src = call.input(0).bytes();
    const float* scales = call.input(1).as<float>().data();
    ASSIGN_OR_RETURN(const int32_t* zeros, widened_bytes(call, 2, bytes));
    ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, back_ ? DType::kFloat : bytes, shape));
    return granularity.for_each_run([&](int64_t at, int64_t count, int64_t scale_at, int step) {
      if (step == 0) {
        const int zero = zeros == nullptr ? 0 : zeros[scale_at];
        convert(call, src, at, count, scales[scale_at], zero, bytes, dst);
        return Status();
      }
      for (int64_t i = 0; i < count; ++i) {
        const int zero = zeros == nullptr ? 0 : zeros[scale_at + i];
        convert_one(src, at + i, scales[scale_at + i], zero, bytes, dst);
      }
      return Status();
    });
  }

 private:
  void convert(const ops::Call& call, const std::byte* src, int64_t at, int64_t count, float scale,
               int zero, DType bytes, std::byte* dst) const {
    if (!back_) {
      quantize_bytes(call, reinterpret_cast<const float*>(src) + at, count, scale, zero, bytes,
                     dst + at);
      return;
    }
    for_parts(call, count, kGrain, [&](int64_t begin, int64_t end) {
      kernels::kernels().vector.dequantize(reinterpret_cast<const unsigned char*>(src) + at + begin,
                                           bytes == DType::kInt8, zero, scale,
                                           reinterpret_cast<float*>(dst) + at + begin, end - begin);
    });
  }

  // The same, of element `at`: for scales that change with each.
  void convert_one(const std::byte* src, int64_t at, float scale, int zero, DType bytes,
                   std::byte* dst) const {
    if (back_) {
      const int value = bytes == DType::kInt8 ? static_cast<int8_t>(src[at])
                                              : static_cast<int>(static_cast<uint8_t>(src[at]));
      reinterpret_cast<float*>(dst)[at] = static_cast<float>(value - zero) * scale;
      return;
    }
    const float quotient = reinterpret_cast<const float*>(src)[at] / scale;
    dst[at] = bytes == DType::kInt8
                  ? static_cast<std::byte>(ops::saturate<int8_t>(quotient, zero))
                  : static_cast<std::byte>(ops::saturate<uint8_t>(quotient, zero));
  }

  int64_t axis_;
  bool back_;
};

Result<engine::ChosenKernel> linear(const ops::NodeInfo& node, bool back) {
  if (node.integer("block_size", 0) != 0) return unimplemented("scales of blocks");
  RETURN_IF_ERROR(require_dtype(node, 1, DType::kFloat));
  if (const DType to = node.dtype_attribute("output_dtype", DType::kUndefined);
      to != DType::kUndefined && !(back ? to == DType::kFloat : is_byte(to) && node.has_input(2))) {
    return unimplemented("the output_dtype {}", dtype_name(to));
  }
  const DType precision = node.dtype_attribute("precision", DType::kUndefined);
  if (precision != DType::kUndefined && precision != DType::kFloat) {
    return unimplemented("the precision {}", dtype_name(precision));
  }
  auto kernel = std::make_unique<Linear>(node, back);
  RETURN_IF_ERROR(node.status());
  engine::ChosenKernel chosen;
  chosen.kernel = std::move(kernel);
  return chosen;
}

}  // namespace

ops::Quantizer quantizer_of(const ops::Call& call, const float* src, int64_t count) {
  constexpr int64_t kParts = 64;
  Range ranges[kParts];
  const int64_t parts =
      std::clamp<int64_t>(count / kGrain, 1, std::min<int64_t>(kParts, call.threads() * 4));
  thread_pool().parallel_for(parts, call.threads(), [&](long i, int) {
    const int64_t begin = count * i / parts, end = count * (i + 1) / parts;
    ranges[i] = range_of(src + begin, end - begin);
  });
  Range range;
  for (int64_t i = 0; i < parts; ++i) {
    range = {std::min(range.low, ranges[i].low), std::max(range.high, ranges[i].high)};
  }
  const float scale = range.low == range.high ? 1 : (range.high - range.low) / 255;
  return {scale, ops::saturate<uint8_t>(-range.low / scale, 0)};
}

void quantize_bytes(const ops::Call& call, const float* src, int64_t count, float scale, int zero,
                    DType to, std::byte* dst) {
  const auto [low, high] = limits(to);
  for_parts(call, count, kGrain, [&, low = low, high = high](int64_t begin, int64_t end) {
    kernels::kernels().vector.quantize(src + begin, scale, zero, low, high,
                                       reinterpret_cast<unsigned char*>(dst) + begin, end - begin);
  });
}

Result<engine::ChosenKernel> dynamic_quantize(const KernelContext&, const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_dtype(node, 0, DType::kFloat));
  engine::ChosenKernel chosen;
  chosen.kernel = std::make_unique<DynamicQuantizeLinear>();
  return chosen;
}

Result<engine::ChosenKernel> quantize_linear(const KernelContext&, const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_dtype(node, 0, DType::kFloat));
  if (node.has_input(2)) RETURN_IF_ERROR(require_bytes(node, 2));
  return linear(node, false);
}

Result<engine::ChosenKernel> dequantize_linear(const KernelContext&, const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_bytes(node, 0));
  return linear(node, true);
}

}  // namespace escuta::cpu
