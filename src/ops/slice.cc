// Slice (ai.onnx 1, 10, 11, 13): a part of each axis, every `steps` elements. Version 1 has
// `starts`, `ends` and `axes` as attributes, later ones have them as inputs, and steps.
#include <algorithm>
#include <limits>

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// `count` elements of an axis: first, first + step, ...
struct Range {
  int64_t first = 0;
  int64_t step = 1;
  int64_t count = 0;
};

// numpy's rules: ends count from the back when negative, and are clamped.
Result<Range> resolve(int64_t start, int64_t end, int64_t step, int64_t length) {
  if (step == 0) return invalid_argument("expected steps other than 0");
  // Steps beyond the longest axis are all the same; these can be negated.
  constexpr int64_t kFar = std::numeric_limits<int64_t>::max();
  step = std::clamp(step, -kFar, kFar);
  const int64_t low = step > 0 ? 0 : -1;
  const int64_t high = step > 0 ? length : length - 1;
  if (start < 0) start = std::max(start, -length - 1) + length;
  if (end < 0) end = end < -length ? -1 : end + length;
  start = std::clamp(start, low, std::max(low, high));
  end = std::clamp(end, low, std::max(low, high));
  const int64_t distance = step > 0 ? end - start : start - end;
  const int64_t stride = step > 0 ? step : -step;
  Range range = {.first = start, .step = step, .count = 0};
  if (distance > 0) range.count = (distance - 1) / stride + 1;
  return range;
}

struct Arguments {
  std::optional<std::vector<int64_t>> starts, ends, axes, steps;
  bool axes_known = true;

  explicit Arguments(const NodeInfo& node) {
    if (node.version() < 10) {
      starts = node.integers("starts");
      ends = node.integers("ends");
      axes = node.integers("axes");
      drop_empty();
      return;
    }
    starts = node.constant_ints(1);
    ends = node.constant_ints(2);
    if (node.has_input(3)) axes = node.constant_ints(3);
    if (node.has_input(4)) steps = node.constant_ints(4);
    axes_known = !node.has_input(3) || axes.has_value();
    if (node.has_input(4) && !steps) starts.reset();
    drop_empty();
  }

 private:
  void drop_empty() {
    if (axes && axes->empty()) axes.reset();
    if (steps && steps->empty()) steps.reset();
  }
};

// The range of an axis whose length is unknown, where it must be all of it.
bool is_whole(int64_t start, int64_t end, int64_t step) {
  return start == 0 && step == 1 && end >= std::numeric_limits<int32_t>::max();
}

Dim sliced(const NodeInfo& node, const Dim& dim, int64_t start, int64_t end, int64_t step) {
  if (!dim.is_known()) return is_whole(start, end, step) ? dim : Dim();
  const Result<Range> range = resolve(start, end, step, dim.value());
  if (range.ok()) return Dim(range->count);
  node.fail(range.status());
  return {};
}

// A slice of a vector that holds a shape.
void infer_elements(Inference& node, const Arguments& arguments) {
  const std::optional<Dims> elements = small_elements(node, 0);
  if (!elements || !arguments.starts || !arguments.ends || arguments.starts->size() != 1) return;
  const Result<Range> range =
      resolve((*arguments.starts)[0], (*arguments.ends)[0],
              arguments.steps ? (*arguments.steps)[0] : 1, static_cast<int64_t>(elements->size()));
  if (!range.ok()) return;
  Dims part;
  for (int64_t i = 0; i < range->count; ++i) {
    part.push_back((*elements)[static_cast<size_t>(range->first + i * range->step)]);
  }
  set_elements(node, 0, std::move(part));
}

void infer(Inference& node) {
  node.set(0, node.dtype(0), std::nullopt);
  if (!node.shape(0)) return;
  const Arguments arguments(node);
  Dims dims = *node.shape(0);
  const auto rank = static_cast<int>(dims.size());
  const size_t count = arguments.starts ? arguments.starts->size() : 0;
  std::vector<int64_t> axes(count);
  for (size_t i = 0; i < count; ++i) axes[i] = static_cast<int64_t>(i);
  if (arguments.axes) axes = *arguments.axes;
  const bool known = arguments.starts && arguments.ends && arguments.axes_known;
  if (!known) {
    // Axes that are named may change, or all when they are not known.
    const auto flags = arguments.axes ? axis_flags(node, axes, rank) : std::nullopt;
    for (size_t i = 0; i < dims.size(); ++i) {
      if (!flags || (*flags)[i]) dims[i] = Dim();
    }
    node.set(0, node.dtype(0), std::move(dims));
    return;
  }
  if (arguments.ends->size() != count || axes.size() != count ||
      (arguments.steps && arguments.steps->size() != count)) {
    node.fail(invalid_argument("expected as many ends, axes and steps as starts ({})", count));
    return;
  }
  if (!axis_flags(node, axes, rank)) return;
  for (size_t i = 0; i < count; ++i) {
    Dim& dim = dims[static_cast<size_t>(axes[i] < 0 ? axes[i] + rank : axes[i])];
    dim = sliced(node, dim, (*arguments.starts)[i], (*arguments.ends)[i],
                 arguments.steps ? (*arguments.steps)[i] : 1);
  }
  node.set(0, node.dtype(0), std::move(dims));
  if (rank == 1 && node.status().ok()) infer_elements(node, arguments);
}

class Slice final : public Kernel {
 public:
  explicit Slice(const NodeInfo& node)
      : has_attributes_(node.version() < 10),
        starts_(has_attributes_ ? node.integers("starts") : std::vector<int64_t>()),
        ends_(has_attributes_ ? node.integers("ends") : std::vector<int64_t>()),
        axes_(has_attributes_ ? node.integers("axes") : std::vector<int64_t>()) {}

  Status run(Call& call) const override {
    if (has_attributes_) return slice(call, starts_, ends_, axes_, {});
    ASSIGN_OR_RETURN(const IntList starts, read_ints(call, 1, "starts"));
    ASSIGN_OR_RETURN(const IntList ends, read_ints(call, 2, "ends"));
    IntList axes, steps;
    if (call.has(3)) {
      ASSIGN_OR_RETURN(axes, read_ints(call, 3, "axes"));
    }
    if (call.has(4)) {
      ASSIGN_OR_RETURN(steps, read_ints(call, 4, "steps"));
    }
    return slice(call, starts, ends, axes, steps);
  }

 private:
  // Empty axes: the first ones; empty steps: 1.
  static Status slice(Call& call, std::span<const int64_t> starts, std::span<const int64_t> ends,
                      std::span<const int64_t> axes, std::span<const int64_t> steps) {
    const size_t count = starts.size();
    if (ends.size() != count || (!axes.empty() && axes.size() != count) ||
        (!steps.empty() && steps.size() != count)) {
      return invalid_argument(
          "expected as many ends, axes and steps as starts ({}), found {}, {}, {}", count,
          ends.size(), axes.size(), steps.size());
    }
    ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
    const Shape& input = call.shape(0);
    RETURN_IF_ERROR(resolve_axes(axes, input.rank()).status());
    std::array<int64_t, kMaxRank> dims{};
    std::copy(input.dims().begin(), input.dims().end(), dims.begin());
    auto strides = strides_of(input);
    int64_t offset = 0;
    for (size_t i = 0; i < count; ++i) {
      const int64_t axis = axes.empty() ? static_cast<int64_t>(i) : axes[i];
      ASSIGN_OR_RETURN(const int at, resolve_axis(axis, input.rank()));
      ASSIGN_OR_RETURN(const Range range,
                       resolve(starts[i], ends[i], steps.empty() ? 1 : steps[i], input[at]));
      auto& stride = strides[static_cast<size_t>(at)];
      if (range.count > 0) offset += range.first * stride;
      stride = range.count > 1 ? stride * range.step : 0;
      dims[static_cast<size_t>(at)] = range.count;
    }
    ASSIGN_OR_RETURN(const Shape shape,
                     Shape::create({dims.data(), static_cast<size_t>(input.rank())}));
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    const size_t cell = cell_size(out.dtype());
    if (shape.count() == 0) return {};
    RETURN_IF_ERROR(copy_cells(out.dtype(), gather_walk(shape, strides),
                               src + static_cast<size_t>(offset) * cell, out.data()));
    out.finish();
    return {};
  }

  bool has_attributes_;
  std::vector<int64_t> starts_, ends_, axes_;
};

}  // namespace

extern const Operator kSlice = {.domain = "",
                                .name = "Slice",
                                .versions = {1, 10, 11, 13},
                                .inputs = {1, 5},
                                .infer = infer,
                                .create = make<Slice>};

}  // namespace escuta::ops
