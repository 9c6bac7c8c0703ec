// Upsample (ai.onnx 1, 7, 9, 10): the spatial axes repeated, or interpolated between, `scales`
// times; Resize took its place. Version 1 has two scales as attributes, 7 all of them, later ones
// input 1.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/dims.h"
#include "ops/interpolate.h"
#include "ops/operator.h"
#include "ops/resize_scales.h"

namespace escuta::ops {
namespace {

// The scales of the last axes, from attributes.
std::vector<float> attribute_scales(const NodeInfo& node) {
  if (node.version() >= 9) return {};
  if (node.version() >= 7) return node.numbers("scales");
  return {1, 1, node.number("height_scale", 1), node.number("width_scale", 1)};
}

void infer(Inference& node) {
  const std::optional<std::vector<float>> scales =
      node.version() < 9 ? attribute_scales(node) : constant_floats(node, 1);
  node.set(0, node.dtype(0), scaled_dims(node, node.shape(0), scales));
}

class Upsample final : public Kernel {
 public:
  explicit Upsample(const NodeInfo& node)
      : has_attribute_(node.version() < 9), scales_(attribute_scales(node)) {
    rule_.mode = resize_mode_of(node);
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    const Shape& input = call.shape(0);
    FloatList scales;
    if (!has_attribute_) {
      ASSIGN_OR_RETURN(scales, read_floats(call, 1, "scales"));
    } else {
      scales.count = std::min(scales_.size(), scales.values.size());
      std::copy_n(scales_.begin(), scales.count, scales.values.begin());
    }
    if (scales.count != input.dims().size()) {
      return invalid_argument("expected {} scales, found {}", input.rank(), scales.count);
    }
    std::array<ResizedAxis, kMaxRank> axes;
    for (size_t i = 0; i < scales.count; ++i) {
      axes[i].length = input[static_cast<int>(i)];
      axes[i].scale = scales.values[i];
      ASSIGN_OR_RETURN(axes[i].result, scaled_length(axes[i].length, axes[i].scale));
    }
    return resize(call, rule_, {axes.data(), scales.count});
  }

 private:
  bool has_attribute_;
  std::vector<float> scales_;
  ResizeRule rule_;  // asymmetric, floor
};

}  // namespace

extern const Operator kUpsample = {.domain = "",
                                   .name = "Upsample",
                                   .versions = {1, 7, 9, 10},
                                   .inputs = {1, 2},
                                   .infer = infer,
                                   .create = make<Upsample>,
                                   .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
