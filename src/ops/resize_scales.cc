#include "ops/resize_scales.h"

#include <cstring>

#include "ops/interpolate.h"

namespace escuta::ops {

std::optional<std::vector<float>> constant_floats(const NodeInfo& node, size_t i) {
  const graph::ConstantPtr& constant = node.input(i).constant;
  if (constant == nullptr || constant->dtype != DType::kFloat) return std::nullopt;
  const auto count = static_cast<size_t>(constant->shape.count());
  if (count > kMaxRank || constant->bytes.size() != count * sizeof(float)) return std::nullopt;
  std::vector<float> values(count);
  if (count > 0) std::memcpy(values.data(), constant->bytes.data(), count * sizeof(float));
  return values;
}

std::optional<Dims> scaled_dims(const NodeInfo& node, const std::optional<Dims>& input,
                                const std::optional<std::vector<float>>& scales) {
  if (!input) return std::nullopt;
  Dims dims(input->size());
  if (!scales) return dims;
  if (scales->size() != dims.size()) {
    node.fail(invalid_argument("expected {} scales, found {}", dims.size(), scales->size()));
    return dims;
  }
  for (size_t i = 0; i < dims.size(); ++i) {
    const float scale = (*scales)[i];
    if (scale == 1) {
      dims[i] = (*input)[i];
    } else if ((*input)[i].is_known()) {
      const Result<int64_t> length = scaled_length((*input)[i].value(), scale);
      if (length.ok()) {
        dims[i] = Dim(*length);
      } else {
        node.fail(length.status());
      }
    }
  }
  return dims;
}

}  // namespace escuta::ops
