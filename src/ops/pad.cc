// Pad (ai.onnx 1, 2, 11, 13, 18, 19, 21, 23, 24, 25): elements before and after each axis, or fewer
// where a pad is negative. Pads and the constant are attributes before version 11; from 18 on
// `axes` names what is padded. Modes as in numpy.pad: constant, reflect, edge, wrap.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum class Mode { kConstant, kReflect, kEdge, kWrap };

Mode mode_of(const NodeInfo& node) {
  const std::string mode = node.text("mode", "constant");
  if (mode == "reflect") return Mode::kReflect;
  if (mode == "edge") return Mode::kEdge;
  if (mode == "wrap") return Mode::kWrap;
  if (mode != "constant") {
    node.fail(invalid_argument(
        "attribute `mode`: expected constant, reflect, edge or wrap, found {}", mode));
  }
  return Mode::kConstant;
}

std::vector<int64_t> attribute_pads(const NodeInfo& node) {
  return node.version() < 2    ? node.integers("paddings")
         : node.version() < 11 ? node.integers("pads")
                               : std::vector<int64_t>();
}

Dim padded(const NodeInfo& node, const Dim& dim, int64_t before, int64_t after) {
  if (before == 0 && after == 0) return dim;
  if (!dim.is_known()) return {};
  int64_t sum = 0;
  if (__builtin_add_overflow(dim.value(), before, &sum) ||
      __builtin_add_overflow(sum, after, &sum) || sum < 0) {
    node.fail(invalid_argument("pads {} and {} do not fit a dimension of {}", before, after,
                               dim.value()));
    return {};
  }
  return Dim(sum);
}

void infer(Inference& node) {
  node.set(0, node.dtype(0), std::nullopt);
  if (!node.shape(0)) return;
  Dims dims = *node.shape(0);
  const size_t rank = dims.size();
  std::optional<std::vector<int64_t>> pads =
      node.version() < 11 ? attribute_pads(node) : node.constant_ints(1);
  std::vector<int64_t> axes;
  bool axes_known = true;
  if (node.version() >= 18 && node.has_input(3)) {
    const auto given = node.constant_ints(3);
    axes_known = given.has_value();
    if (given) axes = *given;
  } else {
    for (size_t i = 0; i < rank; ++i) axes.push_back(static_cast<int64_t>(i));
  }
  if (!pads || !axes_known) {
    const auto flags = axes_known ? axis_flags(node, axes, static_cast<int>(rank)) : std::nullopt;
    for (size_t i = 0; i < rank; ++i) {
      if (!flags || (*flags)[i]) dims[i] = Dim();
    }
  } else {
    if (pads->size() != 2 * axes.size()) {
      node.fail(invalid_argument("expected {} pads, found {}", 2 * axes.size(), pads->size()));
      return;
    }
    if (!axis_flags(node, axes, static_cast<int>(rank))) return;
    for (size_t i = 0; i < axes.size(); ++i) {
      const int64_t axis = axes[i] < 0 ? axes[i] + static_cast<int64_t>(rank) : axes[i];
      Dim& dim = dims[static_cast<size_t>(axis)];
      dim = padded(node, dim, (*pads)[i], (*pads)[axes.size() + i]);
    }
  }
  node.set(0, node.dtype(0), std::move(dims));
}

// Pads below its negative are refused, so that they can be negated.
constexpr int64_t kFar = int64_t{1} << 62;

// What comes before and after each axis.
struct Pads {
  std::array<int64_t, kMaxRank> before{}, after{};
};

// The element of an axis of `length` elements, of which those outside of [begin, end) are cut off,
// that stands at `at`, counted from the axis' start; begin < end.
int64_t source(Mode mode, int64_t at, int64_t begin, int64_t end) {
  const int64_t length = end - begin;
  const int64_t offset = at - begin;
  switch (mode) {
    case Mode::kEdge:
      return std::clamp(at, begin, end - 1);
    case Mode::kWrap:
      return begin + (offset % length + length) % length;
    case Mode::kReflect: {
      if (length == 1) return begin;
      const int64_t period = 2 * (length - 1);
      const int64_t place = (offset % period + period) % period;
      return begin + std::min(place, period - place);
    }
    case Mode::kConstant:
      break;
  }
  return at;
}

class Pad final : public Kernel {
 public:
  explicit Pad(const NodeInfo& node)
      : mode_(mode_of(node)),
        has_attributes_(node.version() < 11),
        has_axes_(node.version() >= 18),
        pads_(attribute_pads(node)),
        value_(has_attributes_ ? node.number("value", 0) : 0) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
    ASSIGN_OR_RETURN(const Pads pads, read_pads(call));
    const Shape& input = call.shape(0);
    std::array<int64_t, kMaxRank> dims{};
    for (int i = 0; i < input.rank(); ++i) {
      const auto at = static_cast<size_t>(i);
      if (pads.before[at] < -kFar || pads.after[at] < -kFar ||
          __builtin_add_overflow(input[i], pads.before[at], &dims[at]) ||
          __builtin_add_overflow(dims[at], pads.after[at], &dims[at]) || dims[at] < 0) {
        return invalid_argument("pads {} and {} do not fit axis {} of shape {}", pads.before[at],
                                pads.after[at], i, input.to_string());
      }
    }
    ASSIGN_OR_RETURN(const Shape shape,
                     Shape::create({dims.data(), static_cast<size_t>(input.rank())}));
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    if (shape.count() == 0) return {};
    if (mode_ == Mode::kConstant) {
      RETURN_IF_ERROR(fill(call, out, shape.count()));
      RETURN_IF_ERROR(copy_inside(input, shape, pads, src, out));
    } else {
      RETURN_IF_ERROR(copy_repeated(call, shape, pads, src, out));
    }
    out.finish();
    return {};
  }

 private:
  Result<Pads> read_pads(const Call& call) const {
    const int rank = call.shape(0).rank();
    IntList list, axes;
    std::span<const int64_t> values = pads_;
    if (!has_attributes_) {
      ASSIGN_OR_RETURN(list, read_ints(call, 1, "pads"));
      values = list;
    }
    if (has_axes_ && call.has(3)) {
      ASSIGN_OR_RETURN(axes, read_ints(call, 3, "axes"));
    } else {
      axes.count = static_cast<size_t>(rank);
      for (int i = 0; i < rank; ++i) axes.values[static_cast<size_t>(i)] = i;
    }
    RETURN_IF_ERROR(resolve_axes(axes, rank).status());
    if (values.size() != 2 * axes.count) {
      return invalid_argument("expected {} pads, found {}", 2 * axes.count, values.size());
    }
    Pads pads;
    for (size_t i = 0; i < axes.count; ++i) {
      const auto axis =
          static_cast<size_t>(axes.values[i] < 0 ? axes.values[i] + rank : axes.values[i]);
      pads.before[axis] = values[i];
      pads.after[axis] = values[axes.count + i];
    }
    return pads;
  }

  // Everywhere the constant: input 2, or the attribute, or zero.
  Status fill(Call& call, const OutputCells& out, int64_t count) const {
    if (has_attributes_ && value_ != 0) {
      return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
        using T = decltype(tag);
        std::fill_n(out.as<T>(), count, static_cast<T>(value_));
        return {};
      });
    }
    if (has_attributes_ || !call.has(2)) return fill_cells(out.dtype(), nullptr, count, out.data());
    RETURN_IF_ERROR(check_same_dtype(call, 0, 2));
    if (call.input(2).count() != 1) {
      return invalid_argument("constant_value: expected one element, found shape {}",
                              call.shape(2).to_string());
    }
    ASSIGN_OR_RETURN(const std::byte* value, input_cells(call, 2));
    return fill_cells(out.dtype(), value, count, out.data());
  }

  // The elements that both have.
  static Status copy_inside(const Shape& input, const Shape& shape, const Pads& pads,
                            const std::byte* src, const OutputCells& out) {
    Walk<2> walk;
    const auto src_strides = strides_of(input), dst_strides = strides_of(shape);
    int64_t from = 0, to = 0;
    for (int i = 0; i < input.rank(); ++i) {
      const auto at = static_cast<size_t>(i);
      const int64_t begin = std::max<int64_t>(0, -pads.before[at]);
      const int64_t end = std::min(input[i], shape[i] - pads.before[at]);
      if (end <= begin) return {};
      walk.add(end - begin, {src_strides[at], dst_strides[at]});
      from += begin * src_strides[at];
      to += (begin + pads.before[at]) * dst_strides[at];
    }
    const auto cell = static_cast<int64_t>(cell_size(out.dtype()));
    return copy_cells(out.dtype(), walk, src + from * cell, out.data() + to * cell);
  }

  // Modes that repeat elements: a table of sources for each axis, then rows.
  Status copy_repeated(Call& call, const Shape& shape, const Pads& pads, const std::byte* src,
                       const OutputCells& out) const {
    const Shape& input = call.shape(0);
    const auto strides = strides_of(input);
    std::array<const int64_t*, kMaxRank> tables{};  // offsets in src of each place of the axis
    for (int i = 0; i < shape.rank(); ++i) {
      const auto at = static_cast<size_t>(i);
      const int64_t begin = std::max<int64_t>(0, -pads.before[at]);
      const int64_t end = input[i] + std::min<int64_t>(0, pads.after[at]);
      if (end <= begin) {
        return invalid_argument("axis {} of shape {} has no elements that could be repeated", i,
                                input.to_string());
      }
      ASSIGN_OR_RETURN(int64_t * table, call.scratch_of<int64_t>(shape[i]));
      for (int64_t o = 0; o < shape[i]; ++o) {
        table[o] = source(mode_, o - pads.before[at], begin, end) * strides[at];
      }
      tables[at] = table;
    }
    return copy_mapped(out.dtype(), shape, tables, src, out.data());
  }

  Mode mode_;
  bool has_attributes_;
  bool has_axes_;
  std::vector<int64_t> pads_;
  float value_;
};

}  // namespace

extern const Operator kPad = {.domain = "",
                              .name = "Pad",
                              .versions = {1, 2, 11, 13, 18, 19, 21, 23, 24, 25},
                              .inputs = {1, 4},
                              .infer = infer,
                              .create = make<Pad>};

}  // namespace escuta::ops
