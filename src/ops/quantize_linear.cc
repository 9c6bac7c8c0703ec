// QuantizeLinear (ai.onnx 10, 13, 19, 21, 23, 24, 25): round(x / scale) + zero point, saturated.
//
// The division is in float; where x and scale are both of one 16-bit type, or `precision` names
// one, its quotient is rounded to that type.
#include "ops/convert_elements.h"
#include "ops/dispatch.h"
#include "ops/packed.h"
#include "ops/quantization.h"

namespace escuta::ops {
namespace {

constexpr int64_t kBlock = 512;

struct Parameters {
  const Datum* x;
  const float* scales;
  const float* zeros;  // nullptr: 0
  DType precision;     // of the quotient
  DType to;
  bool saturate;
};

// quotients[i] = x[at + i] / scale, rounded to p.precision.
Status divide(const Parameters& p, int64_t at, int64_t count, const float* scales, int step,
              float* quotients) {
  RETURN_IF_ERROR(load_elements(p.x->dtype(), p.x->bytes(), at, count, quotients));
  if (step == 0) {
    const float scale = *scales;
    for (int64_t i = 0; i < count; ++i) quotients[i] /= scale;
  } else {
    for (int64_t i = 0; i < count; ++i) quotients[i] /= scales[i];
  }
  if (p.precision == DType::kFloat16) {
    for (int64_t i = 0; i < count; ++i) quotients[i] = Float16(quotients[i]);
  } else if (p.precision == DType::kBfloat16) {
    for (int64_t i = 0; i < count; ++i) quotients[i] = BFloat16(quotients[i]);
  }
  return {};
}

// dst: elements of type p.to, those of packed types one a byte.
template <typename T>
void store_integers(const Parameters& p, const float* quotients, int64_t count, const float* zeros,
                    int step, T* dst) {
  const auto [low, high] = integer_range(p.to);
  const float none = 0;
  if (zeros == nullptr) {
    zeros = &none;
    step = 0;
  }
  for (int64_t i = 0; i < count; ++i) {
    float value = round_small(quotients[i]) + zeros[i * step];
    value = value > low ? value : low;  // NaN too
    value = value < high ? value : high;
    dst[i] = static_cast<T>(static_cast<int32_t>(value));
  }
}

void store_floats(const Parameters& p, const float* quotients, int64_t count, const float* zeros,
                  int step, uint8_t* dst) {
  for (int64_t i = 0; i < count; ++i) {
    const float zero = zeros == nullptr ? 0 : zeros[i * step];
    dst[i] = to_small_float(p.to, quotients[i] + zero, p.saturate);
  }
}

// dst: as store_integers.
Status quantize(const Parameters& p, const Granularity& granularity, std::byte* dst) {
  float quotients[kBlock];
  return granularity.for_each_run([&](int64_t at, int64_t count, int64_t scale_at, int step) {
    for (int64_t done = 0; done < count; done += kBlock) {
      const int64_t part = std::min(kBlock, count - done);
      const int64_t from = scale_at + done * step;
      RETURN_IF_ERROR(divide(p, at + done, part, p.scales + from, step, quotients));
      const float* zeros = p.zeros == nullptr ? nullptr : p.zeros + from;
      const int64_t to = at + done;
      if (is_small_float(p.to)) {
        store_floats(p, quotients, part, zeros, step, reinterpret_cast<uint8_t*>(dst) + to);
      } else if (dtype_bits(p.to) == 16) {
        store_integers(p, quotients, part, zeros, step, reinterpret_cast<uint16_t*>(dst) + to);
      } else {
        store_integers(p, quotients, part, zeros, step, reinterpret_cast<uint8_t*>(dst) + to);
      }
    }
    return Status();
  });
}

class QuantizeLinear final : public Kernel {
 public:
  explicit QuantizeLinear(const NodeInfo& node)
      : axis_(node.integer("axis", 1)),
        block_size_(node.integer("block_size", 0)),
        saturate_(node.integer("saturate", 1) != 0),
        to_(node.dtype_attribute("output_dtype", DType::kUndefined)),
        precision_(node.dtype_attribute("precision", DType::kUndefined)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(Parameters p, parameters(call));
    ASSIGN_OR_RETURN(const auto granularity,
                     Granularity::create(call.shape(0), call.shape(1), axis_, block_size_));
    const int64_t scales = call.shape(1).count();
    ASSIGN_OR_RETURN(float* scale_values, call.scratch_of<float>(scales));
    RETURN_IF_ERROR(load_elements(call.dtype(1), call.input(1).bytes(), 0, scales, scale_values));
    p.scales = scale_values;
    if (call.has(2)) {
      ASSIGN_OR_RETURN(float* zeros, call.scratch_of<float>(scales));
      RETURN_IF_ERROR(load_elements(p.to, call.input(2).bytes(), 0, scales, zeros));
      p.zeros = zeros;
    }
    ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, p.to, call.shape(0)));
    if (!is_packed(p.to)) return quantize(p, granularity, dst);
    const int64_t count = call.shape(0).count();
    ASSIGN_OR_RETURN(uint8_t * codes, call.scratch_of<uint8_t>(count));
    RETURN_IF_ERROR(quantize(p, granularity, reinterpret_cast<std::byte*>(codes)));
    pack_bits(codes, count, dtype_bits(p.to), dst);
    return {};
  }

 private:
  Result<Parameters> parameters(const Call& call) const {
    Parameters p = {&call.input(0), nullptr, nullptr, precision_, to_, saturate_};
    for (size_t i = 0; i < 2; ++i) {
      if (!is_numeric(call.dtype(i))) {
        return unimplemented("quantising with element type {} is not supported",
                             dtype_name(call.dtype(i)));
      }
    }
    if (precision_ == DType::kUndefined && call.dtype(0) == call.dtype(1)) {
      p.precision = call.dtype(0);
    }
    if (call.has(2)) {
      if (to_ != DType::kUndefined && to_ != call.dtype(2)) {
        return invalid_argument("expected a zero point of type {}, found {}", dtype_name(to_),
                                dtype_name(call.dtype(2)));
      }
      if (call.shape(2).count() != call.shape(1).count()) {
        return invalid_argument("expected as many zero points as scales, found shapes {} and {}",
                                call.shape(2).to_string(), call.shape(1).to_string());
      }
      p.to = call.dtype(2);
    } else if (p.to == DType::kUndefined) {
      p.to = DType::kUint8;
    }
    if (is_quantized(p.to)) return p;
    return unimplemented("quantising to element type {} is not supported", dtype_name(p.to));
  }

  int64_t axis_;
  int64_t block_size_;
  bool saturate_;
  DType to_;
  DType precision_;
};

void infer(Inference& node) {
  DType to = node.dtype_attribute("output_dtype", DType::kUndefined);
  if (to == DType::kUndefined) to = node.has_input(2) ? node.dtype(2) : DType::kUint8;
  node.set(0, to, node.shape(0));
}

}  // namespace

extern const Operator kQuantizeLinear = {.domain = "",
                                         .name = "QuantizeLinear",
                                         .versions = {10, 13, 19, 21, 23, 24, 25},
                                         .inputs = {2, 3},
                                         .infer = infer,
                                         .create = make<QuantizeLinear>,
                                         .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
