#include "ops/convolution.h"

namespace escuta::ops {

Result<ConvSizes> conv_sizes(const WindowAttributes& attributes, int64_t group, const Shape& x,
                             const Shape& w, bool channels_last) {
  if (x.rank() < 3 || w.rank() != x.rank()) {
    return invalid_argument("expected input and weights of one rank, at least 3, found {} and {}",
                            x.to_string(), w.to_string());
  }
  const int64_t channels = x[channels_last ? x.rank() - 1 : 1];
  if (group < 1 || w[0] % group != 0 || channels % group != 0 || channels / group != w[1]) {
    return invalid_argument(
        "expected weights [M, C / group, ...] where group divides M and C, found {} for an input "
        "of {} channels, group {}",
        w.to_string(), channels, group);
  }
  ConvSizes sizes;
  ASSIGN_OR_RETURN(sizes.windows,
                   attributes.resolve(spatial_dims(x, channels_last), spatial_dims(w)));
  sizes.batch = x[0];
  sizes.groups = group;
  sizes.in_channels = channels / group;
  sizes.out_channels = w[0] / group;
  sizes.channels_last = channels_last;
  return sizes;
}

std::optional<Dims> infer_conv(const Inference& node, const WindowAttributes& attributes, size_t x,
                               size_t w, bool channels_last) {
  const std::optional<Dims>& input = node.shape(x);
  const std::optional<Dims>& weights = node.shape(w);
  if (!input && !weights) return std::nullopt;
  const size_t rank = input ? input->size() : weights->size();
  if (rank < 3 || (input && weights && weights->size() != rank)) {
    node.fail(invalid_argument("expected input and weights of one rank, at least 3"));
    return std::nullopt;
  }
  Dims spatial(rank - 2);
  if (input) std::copy_n(input->begin() + (channels_last ? 1 : 2), rank - 2, spatial.begin());
  std::span<const Dim> kernel;
  if (weights) kernel = std::span(*weights).subspan(2);
  spatial = attributes.infer(node, spatial, kernel);
  Dims dims(rank);
  if (input) dims[0] = (*input)[0];
  if (weights) dims[channels_last ? rank - 1 : 1] = (*weights)[0];
  std::copy(spatial.begin(), spatial.end(), dims.begin() + (channels_last ? 1 : 2));
  return dims;
}

Status check_bias(const Call& call, size_t i, DType dtype, int64_t channels) {
  if (!call.has(i)) return {};
  RETURN_IF_ERROR(check_dtype(call, i, dtype));
  if (call.shape(i).rank() == 1 && call.shape(i)[0] == channels) return {};
  return invalid_argument("expected a bias of shape [{}], found {}", channels,
                          call.shape(i).to_string());
}

}  // namespace escuta::ops
