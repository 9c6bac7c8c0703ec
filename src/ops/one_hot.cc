// OneHot (ai.onnx 9, 11): a new axis of length `depth`, "on" at each index and "off" elsewhere.
// Indices below 0 count from the back; those outside of [-depth, depth) are off everywhere.
#include <cmath>

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  node.set(0, node.dtype(2), std::nullopt);
  if (!node.shape(0)) return;
  Dims dims = *node.shape(0);
  const int axis =
      normalize_axis(node, node.integer("axis", -1), static_cast<int>(dims.size()) + 1);
  const auto depth = node.constant_ints(1);
  const Dim length = depth && depth->size() == 1 ? dim_of((*depth)[0]) : Dim();
  dims.insert(dims.begin() + axis, length);
  node.set(0, node.dtype(2), std::move(dims));
}

// A number of any type as an integer, cut off towards 0; kOutside where there is none.
constexpr int64_t kOutside = INT64_MIN;
template <typename T>
int64_t to_index(T value) {
  if constexpr (kIsFloat<T>) {
    const auto wide = static_cast<double>(value);
    return std::fabs(wide) < 0x1p62 ? static_cast<int64_t>(wide) : kOutside;
  } else if constexpr (std::is_same_v<T, uint64_t>) {
    return value <= INT64_MAX ? static_cast<int64_t>(value) : kOutside;
  } else {
    return static_cast<int64_t>(value);
  }
}

Status read_indices(const Call& call, size_t i, int64_t* dst) {
  return dispatch(Numbers{}, call.dtype(i), [&](auto tag) -> Status {
    for (const auto value : call.input(i).as<decltype(tag)>()) *dst++ = to_index(value);
    return {};
  });
}

class OneHot final : public Kernel {
 public:
  explicit OneHot(const NodeInfo& node) : axis_(node.integer("axis", -1)) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    RETURN_IF_ERROR(check_tensor(call, 1));
    if (call.input(1).count() != 1) {
      return invalid_argument("depth: expected one number, found shape {}",
                              call.shape(1).to_string());
    }
    int64_t depth = 0;
    RETURN_IF_ERROR(read_indices(call, 1, &depth).with_context("depth"));
    const Shape& indices = call.shape(0);
    ASSIGN_OR_RETURN(const int axis, resolve_axis(axis_, indices.rank() + 1));
    std::array<int64_t, kMaxRank + 1> dims{};
    int64_t inner = 1;
    for (int i = 0, to = 0; i <= indices.rank(); ++i) {
      if (i == axis) dims[static_cast<size_t>(to++)] = depth;
      if (i == indices.rank()) break;
      if (i >= axis) inner *= indices[i];
      dims[static_cast<size_t>(to++)] = indices[i];
    }
    ASSIGN_OR_RETURN(const Shape shape,
                     Shape::create({dims.data(), static_cast<size_t>(indices.rank()) + 1}));
    ASSIGN_OR_RETURN(const std::byte* values, input_cells(call, 2));
    if (call.input(2).count() != 2) {
      return invalid_argument("values: expected [off, on], found shape {}",
                              call.shape(2).to_string());
    }
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(2), shape));
    RETURN_IF_ERROR(fill_cells(out.dtype(), values, shape.count(), out.data()));
    ASSIGN_OR_RETURN(int64_t * places, call.scratch_of<int64_t>(indices.count()));
    RETURN_IF_ERROR(read_indices(call, 0, places).with_context("indices"));
    RETURN_IF_ERROR(dispatch_by_size(out.dtype(), [&](auto tag) -> Status {
      using T = decltype(tag);
      const T& on = reinterpret_cast<const T*>(values)[1];
      for (int64_t i = 0; i < indices.count(); ++i) {
        const int64_t at = places[i] < 0 ? places[i] + depth : places[i];
        if (at < 0 || at >= depth) continue;
        out.as<T>()[(i / inner * depth + at) * inner + i % inner] = on;
      }
      return {};
    }));
    out.finish();
    return {};
  }

 private:
  int64_t axis_;
};

}  // namespace

extern const Operator kOneHot = {.domain = "",
                                 .name = "OneHot",
                                 .versions = {9, 11},
                                 .inputs = {3, 3},
                                 .infer = infer,
                                 .create = make<OneHot>};

}  // namespace escuta::ops
