#include "ops/quantized_conv.h"

namespace escuta::ops {

Status check_parameter(const Call& call, size_t i, DType dtype, int64_t channels) {
  if (!call.has(i)) return {};
  RETURN_IF_ERROR(check_dtype(call, i, dtype));
  const int64_t count = call.input(i).count();
  if (count == 1 || (count == channels && call.shape(i).rank() == 1)) return {};
  return invalid_argument("input {}: expected 1 element, or {}, one a channel, found shape {}", i,
                          channels, call.shape(i).to_string());
}

Result<const uint32_t*> centred_weights(Call& call, size_t w, size_t zero_point, int64_t channels,
                                        int64_t depth) {
  RETURN_IF_ERROR(check_parameter(call, zero_point, call.dtype(w), channels));
  ASSIGN_OR_RETURN(uint32_t * dst, call.scratch_of<uint32_t>(call.input(w).count()));
  RETURN_IF_ERROR(dispatch(Bytes{}, call.dtype(w), [&](auto tag) -> Status {
    const auto* src = call.input(w).as<decltype(tag)>().data();
    for (int64_t m = 0; m < channels; ++m) {
      const int32_t zero = byte_at(call, zero_point, m);
      for (int64_t i = m * depth; i < (m + 1) * depth; ++i) {
        dst[i] = static_cast<uint32_t>(static_cast<int32_t>(src[i]) - zero);
      }
    }
    return {};
  }));
  return dst;
}

void infer_qlinear_conv(Inference& node) {
  node.set(0, node.dtype(7),
           infer_conv(node, WindowAttributes(node), 0, 3, node.integer("channels_last", 0) != 0));
}

namespace {

// Inputs of QLinearConv.
enum : size_t { kX, kXScale, kXZero, kW, kWScale, kWZero, kYScale, kYZero, kBias };

// y = saturate(round(sum * x_scale * w_scale / y_scale) + y_zero), ties to even.
template <typename T>
struct Requantizer {
  const float* w_scale;
  bool per_channel;
  float x_scale, y_scale;
  int32_t y_zero;

  float factor(int64_t channel) const {
    return x_scale * w_scale[per_channel ? channel : 0] / y_scale;
  }
  T operator()(int32_t sum, float factor) const {
    return saturate<T>(static_cast<float>(sum) * factor, y_zero);
  }
};

Status check_inputs(const Call& call, int64_t channels) {
  for (const size_t i : {kXScale, kWScale, kYScale, kXZero, kWZero, kYZero}) {
    if (!call.has(i)) return invalid_argument("expected input {}, found none", i);
  }
  RETURN_IF_ERROR(check_parameter(call, kXScale, DType::kFloat, 1));
  RETURN_IF_ERROR(check_parameter(call, kWScale, DType::kFloat, channels));
  RETURN_IF_ERROR(check_parameter(call, kYScale, DType::kFloat, 1));
  RETURN_IF_ERROR(check_parameter(call, kXZero, call.dtype(kX), 1));
  RETURN_IF_ERROR(check_parameter(call, kYZero, call.dtype(kYZero), 1));
  return check_bias(call, kBias, DType::kInt32, channels);
}

}  // namespace

Status QLinearConv::run(Call& call) const {
  ASSIGN_OR_RETURN(const ConvSizes sizes,
                   conv_sizes(attributes_, group_, call.shape(kX), call.shape(kW), channels_last_));
  const int64_t channels = sizes.all_out_channels();
  RETURN_IF_ERROR(check_inputs(call, channels));
  ASSIGN_OR_RETURN(const Shape shape, sizes.output());
  ASSIGN_OR_RETURN(const uint32_t* weights,
                   centred_weights(call, kW, kWZero, channels, sizes.depth()));
  const int32_t* bias = call.has(kBias) ? call.input(kBias).as<int32_t>().data() : nullptr;
  return dispatch(Bytes{}, call.dtype(kYZero), [&](auto tag) -> Status {
    using T = decltype(tag);
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    if (shape.count() == 0) return {};
    const Requantizer<T> requantize{.w_scale = call.input(kWScale).as<float>().data(),
                                    .per_channel = call.input(kWScale).count() > 1,
                                    .x_scale = call.input(kXScale).as<float>()[0],
                                    .y_scale = call.input(kYScale).as<float>()[0],
                                    .y_zero = byte_at(call, kYZero, 0)};
    const int64_t plane = sizes.windows.out_count;
    const int64_t step = channels_last_ ? channels : 1;
    return convolve_bytes(
        call, sizes, byte_at(call, kXZero, 0), weights,
        [&](int64_t image, int64_t channel, int64_t first, int64_t count, const uint32_t* sums) {
          const uint32_t add = bias == nullptr ? 0 : static_cast<uint32_t>(bias[channel]);
          const float factor = requantize.factor(channel);
          T* out = dst + image * channels * plane + first * step +
                   channel * (channels_last_ ? 1 : plane);
          for (int64_t i = 0; i < count; ++i) {
            out[i * step] = requantize(static_cast<int32_t>(sums[i] + add), factor);
          }
        });
  });
}

}  // namespace escuta::ops
