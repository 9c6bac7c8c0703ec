// Operators that slide a window over planes, or take samples from them.
#include <cmath>

#include "draws.h"

namespace escuta::fuzz {
namespace {

bool emit_scaled(Builder& b, const Entry& e, std::vector<std::string> inputs, const Made& factors,
                 Attributes attributes) {
  Node node{e.op, e.domain, std::move(inputs), 1, std::move(attributes), e.rule, {}};
  node.steady = {factors.name};
  return b.put(std::move(node));
}

// How a window moves over spatial dimensions.
struct Plan {
  Dims kernel, strides, dilations, pads;
  std::string auto_pad;  // "": pads
  bool ceil = false;
};

Plan some_plan(Builder& b, const Dims& planes, bool dilated) {
  Plan plan;
  const size_t count = planes.size();
  plan.pads.assign(2 * count, 0);
  const bool padded = b.coin();
  for (size_t i = 0; i < count; ++i) {
    plan.dilations.push_back(dilated && b.rarely() ? 2 : 1);
    const int most = static_cast<int>((planes[i] - 1) / plan.dilations[i]) + 1;
    plan.kernel.push_back(1 + b.pick(std::min(most, 4)));
    plan.strides.push_back(1 + b.pick(2));
    for (size_t side = 0; padded && side < 2; ++side) {
      plan.pads[i + side * count] = b.pick(static_cast<int>(plan.kernel[i]));
    }
  }
  if (b.rarely()) plan.auto_pad = b.one_of<std::string>({"SAME_UPPER", "SAME_LOWER", "VALID"});
  if (!plan.auto_pad.empty()) plan.dilations.assign(count, 1);
  for (size_t i = 0; i < count && plan.auto_pad.starts_with("SAME"); ++i) {
    // ONNX Runtime pools refuse padding that would be negative; the specification has none then.
    plan.strides[i] = std::min(plan.strides[i], plan.kernel[i]);
  }
  return plan;
}

Attributes attributes_of(Builder& b, const Plan& plan) {
  Attributes all = {attr("strides", plan.strides)};
  if (!plan.auto_pad.empty()) {
    all.push_back(attr("auto_pad", plan.auto_pad));
  } else if (b.pick(4) != 0) {
    all.push_back(attr("pads", plan.pads));
  }
  return all;
}

Dims some_planes(Builder& b, int most = 3) {
  Dims planes;
  for (int i = 1 + b.pick(most); i > 0; --i) planes.push_back(2 + b.pick(7));
  return planes;
}

// [B, C, planes...]
Made image(Builder& b, DType dtype, int64_t channels, const Dims& planes, int64_t batch = 0) {
  Dims dims = {batch == 0 ? 1 + b.pick(2) : batch, channels};
  dims.insert(dims.end(), planes.begin(), planes.end());
  return b.like(dtype, dims);
}

Dims planes_of(const Made& x) {
  const Dims dims = x.dims();
  return {dims.begin() + 2, dims.end()};
}

// One that is there, with planes; or a fresh one.
Made any_image(Builder& b, const Entry& e) {
  const Made* found = b.find([&](const Made& m) {
    return m.is_tensor() && m.dtype() == DType::kFloat && m.rank() >= 3 && m.rank() <= 4 &&
           m.count() > 0 && m.finite && m.high < 50 && m.low > -50;
  });
  if (found != nullptr && b.coin()) return *found;
  return image(b, b.one_of(e.types), b.one_of({1, 2, 4, 6}), some_planes(b));
}

}  // namespace

bool conv(Builder& b, const Entry& e) {
  const Made x = any_image(b, e);
  const Dims planes = planes_of(x);
  const Plan plan = some_plan(b, planes, true);
  const int64_t channels = x.dims()[1];
  std::vector<int64_t> groups = {1, 1, channels};
  if (channels % 2 == 0) groups.push_back(2);
  const int64_t group = b.one_of(groups), out = group * (1 + b.pick(4));
  Dims weights = {out, channels / group};
  weights.insert(weights.end(), plan.kernel.begin(), plan.kernel.end());
  std::vector<std::string> inputs = {x.name, b.fresh(x.dtype(), weights).name};
  if (b.pick(3) != 0) inputs.push_back(b.fresh(x.dtype(), {out}).name);
  Attributes attributes = attributes_of(b, plan);
  attributes.push_back(attr("group", group));
  attributes.push_back(attr("dilations", plan.dilations));
  if (b.coin()) attributes.push_back(attr("kernel_shape", plan.kernel));
  return emit(b, e, inputs, attributes);
}

bool conv_transpose(Builder& b, const Entry& e) {
  const Made x = any_image(b, e);
  const Dims planes = planes_of(x);
  Plan plan = some_plan(b, planes, true);
  for (size_t i = 0; i < planes.size(); ++i) {  // something is left when the pads are cut off
    const int64_t all =
        (planes[i] - 1) * plan.strides[i] + (plan.kernel[i] - 1) * plan.dilations[i];
    if (plan.pads[i] + plan.pads[i + planes.size()] > all) return false;
  }
  const int64_t channels = x.dims()[1], group = b.coin() ? 1 : channels, out = 1 + b.pick(3);
  Dims weights = {channels, out};
  weights.insert(weights.end(), plan.kernel.begin(), plan.kernel.end());
  std::vector<std::string> inputs = {x.name, b.fresh(x.dtype(), weights).name};
  if (b.coin()) inputs.push_back(b.fresh(x.dtype(), {group * out}).name);
  if (plan.auto_pad.starts_with("SAME")) plan.auto_pad.clear();  // versions differ on the sizes
  Attributes attributes = attributes_of(b, plan);
  attributes.push_back(attr("group", group));
  attributes.push_back(attr("dilations", plan.dilations));
  if (b.coin() && plan.auto_pad.empty()) {
    Dims extra;
    for (const int64_t stride : plan.strides) {
      extra.push_back(b.pick(static_cast<int>(stride)));
    }
    attributes.push_back(attr("output_padding", extra));
  }
  return emit(b, e, inputs, attributes);
}

bool pool(Builder& b, const Entry& e) {
  const Made x = any_image(b, e);
  const Dims planes = planes_of(x);
  const bool max = e.op == "MaxPool";
  const bool dilates = max ? b.opset() >= 10 : b.opset() >= (e.op == "LpPool" ? 18 : 19);
  const Plan plan = some_plan(b, planes, dilates);
  Attributes attributes = attributes_of(b, plan);
  attributes.push_back(attr("kernel_shape", plan.kernel));
  if (dilates) attributes.push_back(attr("dilations", plan.dilations));
  if (plan.auto_pad.empty() && b.opset() >= (e.op == "LpPool" ? 18 : 10) && b.coin()) {
    attributes.push_back(attr("ceil_mode", b.coin()));
  }
  if (e.op == "AveragePool") attributes.push_back(attr("count_include_pad", b.coin()));
  if (e.op == "LpPool") attributes.push_back(attr("p", 1 + b.pick(3)));
  const bool places = max && x.error == 0 && b.rarely();
  return emit(b, e, {x.name}, attributes, places ? 2 : 1);
}

bool global_pool(Builder& b, const Entry& e) {
  const Made x = any_image(b, e);
  return emit(b, e, {x.name},
              e.op == "GlobalLpPool" ? Attributes{attr("p", 1 + b.pick(3))} : Attributes{});
}

bool max_unpool(Builder& b, const Entry& e) {
  const Made x = b.fresh(DType::kFloat, {1, 1 + b.pick(2), 4, 6});
  Node pool{"MaxPool",
            "",
            {x.name},
            2,
            {attr("kernel_shape", Dims{2, 2}), attr("strides", Dims{2, 2})},
            Rule::kMoves,
            {},
            {}};
  if (!b.put(pool)) return false;
  return emit(b, e, {b.last(0).name, b.last(1).name},
              {attr("kernel_shape", Dims{2, 2}), attr("strides", Dims{2, 2})});
}

bool col2im(Builder& b, const Entry& e) {
  const int64_t height = 3 + b.pick(3), width = 3 + b.pick(3), kernel = 1 + b.pick(3);
  const int64_t blocks = (height - kernel + 1) * (width - kernel + 1);
  const Made x = b.like(DType::kFloat, {1 + b.pick(2), 2 * kernel * kernel, blocks});
  return emit(b, e, {x.name, b.ints({height, width}), b.ints({kernel, kernel})});
}

bool deform_conv(Builder& b, const Entry& e) {
  const int64_t channels = 2, size = 4, kernel = 1 + b.pick(2), out = size - kernel + 1;
  const Made x = image(b, DType::kFloat, channels, {size, size}, 1);
  const Made w = b.fresh(DType::kFloat, {3, channels, kernel, kernel});
  const Made offset = b.fresh(DType::kFloat, {1, 2 * kernel * kernel, out, out}, {-0.9, 0.9});
  std::vector<std::string> inputs = {x.name, w.name, offset.name};
  if (b.coin()) inputs.push_back(b.fresh(DType::kFloat, {3}).name);
  return emit(b, e, inputs, {attr("kernel_shape", Dims{kernel, kernel})});
}

bool resize(Builder& b, const Entry& e) {
  const bool linear = b.coin();
  const int planes = 1 + b.pick(2);
  Dims dims = {1, 1 + b.pick(2)};
  for (int i = 0; i < planes; ++i) dims.push_back(2 + b.pick(4));
  const Made x = b.like(b.one_of(e.types), dims);
  std::vector<double> scales = {1, 1};
  std::vector<int64_t> sizes = {dims[0], dims[1]};
  for (size_t i = 0; i < static_cast<size_t>(planes); ++i) {
    // Lengths that are not whole: ONNX Runtime 1.31.1 cuts them off before it computes places.
    double scale = b.one_of({0.5, 1.0, 2.0, 1.5, 3.0});
    if (b.for_ort() && std::fmod(scale * static_cast<double>(dims[i + 2]), 1) != 0) scale = 2;
    scales.push_back(scale);
    sizes.push_back(1 + b.pick(8));
  }
  const auto rank = static_cast<int64_t>(dims.size());
  const std::string mode = linear ? "linear" : planes == 2 && b.coin() ? "cubic" : "nearest";
  if (b.opset() < 11) {
    const Made factors = b.constant(b.datum_of(DType::kFloat, {rank}, scales));
    return emit_scaled(b, e, {x.name, factors.name}, factors,
                       {attr("mode", linear ? "linear" : "nearest")});
  }
  Attributes attributes = {attr("mode", mode)};
  std::vector<std::string> moves = {"half_pixel", "asymmetric", "align_corners"};
  const bool antialias = b.opset() >= 18 && mode != "nearest" && b.rarely();
  // A length of one comes from element 0 here; ONNX Runtime 1.31.1 forgets it for cubics and where
  // it smooths.
  const bool forgets = mode == "cubic" || antialias;
  if (!forgets || !b.for_ort()) moves.push_back("pytorch_half_pixel");
  if (mode != "nearest" && b.opset() >= 19) moves.push_back("half_pixel_symmetric");
  attributes.push_back(attr("coordinate_transformation_mode", b.one_of(moves)));
  if (mode == "nearest") {
    attributes.push_back(
        attr("nearest_mode",
             b.one_of<std::string>({"round_prefer_floor", "floor", "round_prefer_ceil", "ceil"})));
  }
  if (mode == "cubic") attributes.push_back(attr("exclude_outside", b.coin()));
  if (antialias) attributes.push_back(attr("antialias", 1));
  const std::string roi =
      b.opset() >= 13 ? "" : b.constant(b.datum_of(DType::kFloat, {0}, {})).name;
  if (b.coin()) {
    const Made factors = b.constant(b.datum_of(DType::kFloat, {rank}, scales));
    return emit_scaled(b, e, {x.name, roi, factors.name}, factors, attributes);
  }
  const std::string none = b.opset() >= 13 ? "" : roi;
  return emit(b, e, {x.name, roi, none, b.ints(sizes)}, attributes);
}

bool upsample(Builder& b, const Entry& e) {
  const Made x = image(b, DType::kFloat, 2, {2 + b.pick(3), 2 + b.pick(3)}, 1);
  const double s = 1 + b.pick(3), t = 1 + b.pick(3);
  const Made factors = b.constant(b.datum_of(DType::kFloat, {4}, {1, 1, s, t}));
  return emit_scaled(b, e, {x.name, factors.name}, factors,
                     {attr("mode", b.coin() ? "linear" : "nearest")});
}

bool grid_sample(Builder& b, const Entry& e) {
  const bool solid = b.opset() >= 20 && b.rarely();
  Dims planes = {2 + b.pick(4), 2 + b.pick(4)};
  if (solid) planes.push_back(2 + b.pick(3));
  const Made x = image(b, b.one_of(e.types), 1 + b.pick(2), planes, 1 + b.pick(2));
  Dims dims = {x.dims()[0], 1 + b.pick(3), 1 + b.pick(4)};
  if (solid) dims.push_back(1 + b.pick(3));
  dims.push_back(solid ? 3 : 2);
  const Made grid = b.fresh(x.dtype(), dims, {-1.3, 1.3});
  const bool newer = b.opset() >= 20;
  std::string mode = newer ? "linear" : "bilinear";
  if (b.pick(3) == 0) mode = "nearest";
  if (!solid && b.pick(3) == 0) mode = newer ? "cubic" : "bicubic";
  return emit(b, e, {x.name, grid.name},
              {attr("mode", mode), attr("align_corners", b.coin()),
               attr("padding_mode", b.one_of<std::string>({"zeros", "border", "reflection"}))});
}

bool affine_grid(Builder& b, const Entry& e) {
  const bool solid = b.rarely();
  const int64_t batch = 1 + b.pick(2);
  const Made theta = b.fresh(b.one_of(e.types), solid ? Dims{batch, 3, 4} : Dims{batch, 2, 3});
  std::vector<int64_t> size = {batch, 1, 2 + b.pick(3), 2 + b.pick(3)};
  if (solid) size.push_back(2 + b.pick(2));
  return emit(b, e, {theta.name, b.ints(size)}, {attr("align_corners", b.coin())});
}

bool roi_align(Builder& b, const Entry& e) {
  const Made x = image(b, DType::kFloat, 1 + b.pick(2), {6, 6}, 1);
  const int64_t count = 1 + b.pick(3);
  std::vector<double> boxes;
  for (int64_t i = 0; i < count; ++i) {
    const double left = b.real(0, 3), top = b.real(0, 3);
    boxes.insert(boxes.end(), {left, top, left + b.real(0.5, 3), top + b.real(0.5, 3)});
  }
  const Made rois = b.constant(b.datum_of(DType::kFloat, {count, 4}, boxes));
  const Made batch = b.constant(
      b.datum_of(DType::kInt64, {count}, std::vector<double>(static_cast<size_t>(count), 0)));
  Attributes attributes = {attr("output_height", 1 + b.pick(3)),
                           attr("output_width", 1 + b.pick(3)), attr("sampling_ratio", b.pick(3)),
                           attr("spatial_scale", 1.0),
                           attr("mode", b.pick(3) != 0 ? "avg" : "max")};
  return emit(b, e, {x.name, rois.name, batch.name}, attributes);
}

bool max_roi_pool(Builder& b, const Entry& e) {
  const Made x = image(b, DType::kFloat, 1 + b.pick(2), {6, 6}, 1);
  const Made rois = b.constant(b.datum_of(DType::kFloat, {2, 5}, {0, 0, 0, 3, 4, 0, 1, 1, 5, 5}));
  return emit(b, e, {x.name, rois.name}, {attr("pooled_shape", Dims{1 + b.pick(2), 2})});
}

}  // namespace escuta::fuzz
