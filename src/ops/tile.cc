// Tile (ai.onnx 1, 6, 13): the tensor `repeats` times along each axis; in version 1, `tiles` times
// along one `axis`, both inputs.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  node.set(0, node.dtype(0), std::nullopt);
  if (!node.shape(0)) return;
  Dims dims = *node.shape(0);
  if (node.version() < 6) {
    node.set(0, node.dtype(0), Dims(dims.size()));
    return;
  }
  const std::optional<Dims> repeats = small_elements(node, 1);
  if (repeats && repeats->size() != dims.size()) {
    node.fail(invalid_argument("expected {} repeats, found {}", dims.size(), repeats->size()));
    return;
  }
  for (size_t i = 0; i < dims.size(); ++i) {
    dims[i] = repeats ? multiply(dims[i], (*repeats)[i]) : Dim();
  }
  node.set(0, node.dtype(0), std::move(dims));
}

// The repeats of each axis.
Result<IntList> read_repeats(const Call& call) {
  ASSIGN_OR_RETURN(const IntList repeats, read_ints(call, 1, "repeats"));
  const int rank = call.shape(0).rank();
  if (static_cast<int>(repeats.count) == rank) return repeats;
  return invalid_argument("expected {} repeats, found {}", rank, repeats.count);
}

// Version 1: `tiles` and `axis` have the element type of the input, or are integers.
Result<int64_t> read_number(const Call& call, size_t i, std::string_view what) {
  RETURN_IF_ERROR(check_tensor(call, i).with_context(what));
  if (call.input(i).count() != 1) return invalid_argument("{}: expected one element", what);
  double value = -1;
  RETURN_IF_ERROR(dispatch(Numbers{}, call.dtype(i), [&](auto tag) -> Status {
                    value = static_cast<double>(call.input(i).as<decltype(tag)>()[0]);
                    return {};
                  }).with_context(what));
  if (value >= -kMaxRank && value < 0x1p53) return static_cast<int64_t>(value);
  return invalid_argument("{}: {} is no such number", what, value);
}

Result<IntList> read_tiles(const Call& call) {
  const int rank = call.shape(0).rank();
  ASSIGN_OR_RETURN(const int64_t tiles, read_number(call, 1, "tiles"));
  ASSIGN_OR_RETURN(const int64_t attribute, read_number(call, 2, "axis"));
  ASSIGN_OR_RETURN(const int axis, resolve_axis(attribute, rank));
  IntList repeats;
  repeats.count = static_cast<size_t>(rank);
  std::fill_n(repeats.values.begin(), rank, 1);
  repeats.values[static_cast<size_t>(axis)] = tiles;
  return repeats;
}

class Tile final : public Kernel {
 public:
  explicit Tile(const NodeInfo& node) : one_axis_(node.version() < 6) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
    const Shape& input = call.shape(0);
    ASSIGN_OR_RETURN(const IntList repeats, one_axis_ ? read_tiles(call) : read_repeats(call));
    std::array<int64_t, kMaxRank> dims{};
    for (size_t i = 0; i < repeats.count; ++i) {
      if (repeats.values[i] < 0 ||
          __builtin_mul_overflow(input[static_cast<int>(i)], repeats.values[i], &dims[i])) {
        return invalid_argument("shape {} cannot be repeated {} times at axis {}",
                                input.to_string(), repeats.values[i], i);
      }
    }
    ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), repeats.count}));
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    if (shape.count() == 0) return {};
    Walk<2> walk;
    const auto src_strides = strides_of(input), dst_strides = strides_of(shape);
    for (size_t i = 0; i < repeats.count; ++i) {
      const int64_t length = input[static_cast<int>(i)];
      walk.add(repeats.values[i], {0, length * dst_strides[i]});
      walk.add(length, {src_strides[i], dst_strides[i]});
    }
    RETURN_IF_ERROR(copy_cells(out.dtype(), walk, src, out.data()));
    out.finish();
    return {};
  }

 private:
  bool one_axis_;
};

}  // namespace

extern const Operator kTile = {.domain = "",
                               .name = "Tile",
                               .versions = {1, 6, 13},
                               .inputs = {2, 3},
                               .infer = infer,
                               .create = make<Tile>};

}  // namespace escuta::ops
