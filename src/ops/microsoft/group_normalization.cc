#include "ops/microsoft/group_normalization.h"

#include <cmath>

#include "ops/microsoft/gelu.h"
#include "ops/microsoft/inputs.h"

namespace escuta::ops {

GroupNormalization::GroupNormalization(const NodeInfo& node, bool with_skip)
    : with_skip_(with_skip),
      channels_last_(node.integer("channels_last", 1) != 0),
      silu_(node.integer("activation", 0) == 1),
      groups_(node.integer("groups", 0)),
      epsilon_(node.number("epsilon", 1e-5f)) {
  if (groups_ <= 0) node.fail(invalid_argument("expected groups over 0, found {}", groups_));
}

Status GroupNormalization::run(Call& call) const {
  RETURN_IF_ERROR(check_tensors(call, with_skip_ ? 4 : 3));
  RETURN_IF_ERROR(expect_shape(call, 0, "X", {-1, -1, -1, -1}));
  const Shape& shape = call.shape(0);
  const int64_t channels = shape[channels_last_ ? 3 : 1];
  RETURN_IF_ERROR(expect_shape(call, 1, "gamma", {channels}));
  RETURN_IF_ERROR(expect_shape(call, 2, "beta", {channels}));
  if (channels % groups_ != 0) {
    return invalid_argument("expected channels in {} groups, found {} channels", groups_, channels);
  }
  ASSIGN_OR_RETURN(const float* src, floats(call, 0));
  ASSIGN_OR_RETURN(const float* gamma, floats(call, 1));
  ASSIGN_OR_RETURN(const float* beta, floats(call, 2));
  ASSIGN_OR_RETURN(const FloatOutput output, FloatOutput::create(call, 0, call.dtype(0), shape));
  if (output.count() == 0) return {};
  const int64_t area = channels_last_ ? shape[1] * shape[2] : shape[2] * shape[3];
  const Layout layout = {shape[0],
                         channels,
                         area,
                         channels * area,
                         channels_last_ ? 1 : area,
                         channels_last_ ? channels : 1};
  FloatOutput sums;
  if (with_skip_) {
    ASSIGN_OR_RETURN(sums, FloatOutput::create(call, 1, call.dtype(0), shape));
    std::copy(src, src + output.count(), sums.data());
    RETURN_IF_ERROR(add_skip(call, layout, sums.data()));
    src = sums.data();
  }
  normalize(layout, src, gamma, beta, output.data());
  output.store();
  if (with_skip_) sums.store();
  return {};
}

// skip: of X's shape, or one number for each item and channel.
Status GroupNormalization::add_skip(Call& call, const Layout& layout, float* sums) const {
  const Shape& skip_shape = call.shape(3);
  const bool full = skip_shape == call.shape(0);
  const int channel_axis = skip_shape.rank() == 4 && !channels_last_ ? 1 : skip_shape.rank() - 1;
  const bool per_channel = (skip_shape.rank() == 2 || skip_shape.rank() == 4) &&
                           skip_shape[0] == layout.items &&
                           skip_shape[channel_axis] == layout.channels &&
                           skip_shape.count() == layout.items * layout.channels;
  if (!full && !per_channel) {
    return invalid_argument("expected a skip that fits {}, found {}", call.shape(0).to_string(),
                            skip_shape.to_string());
  }
  if (call.has(4)) RETURN_IF_ERROR(expect_shape(call, 4, "bias", {layout.channels}));
  ASSIGN_OR_RETURN(const float* skip, floats(call, 3));
  ASSIGN_OR_RETURN(const float* bias, floats(call, 4));
  for (int64_t n = 0; n < layout.items; ++n) {
    for (int64_t c = 0; c < layout.channels; ++c) {
      const float add = bias != nullptr ? bias[c] : 0;
      for (int64_t j = 0; j < layout.area; ++j) {
        const int64_t at = n * layout.item + c * layout.channel + j * layout.step;
        sums[at] += add + (full ? skip[at] : skip[n * layout.channels + c]);
      }
    }
  }
  return {};
}

void GroupNormalization::normalize(const Layout& layout, const float* src, const float* gamma,
                                   const float* beta, float* dst) const {
  const int64_t size = layout.channels / groups_;
  for (int64_t i = 0; i < layout.items * groups_; ++i) {
    const int64_t first = i % groups_ * size;  // channel
    const int64_t base = i / groups_ * layout.item;
    const auto each = [&](auto&& function) {
      for (int64_t c = first; c < first + size; ++c) {
        for (int64_t j = 0; j < layout.area; ++j) {
          function(c, base + c * layout.channel + j * layout.step);
        }
      }
    };
    const double count = static_cast<double>(size * layout.area);
    double mean = 0, squares = 0;
    each([&](int64_t, int64_t at) { mean += src[at]; });
    mean /= count;
    each([&](int64_t, int64_t at) { squares += (src[at] - mean) * (src[at] - mean); });
    const double inverse_std = 1 / std::sqrt(squares / count + epsilon_);
    each([&](int64_t c, int64_t at) {
      const auto value = static_cast<float>((src[at] - mean) * inverse_std * gamma[c] + beta[c]);
      dst[at] = silu_ ? silu(value) : value;
    });
  }
}

}  // namespace escuta::ops
