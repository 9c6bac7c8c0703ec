// CenterCropPad (ai.onnx 18): the middle of each axis that is longer than asked for; zeros on both
// sides of each that is shorter. What does not halve goes to the end.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  node.set(0, node.dtype(0), std::nullopt);
  if (!node.shape(0)) return;
  Dims dims = *node.shape(0);
  const auto rank = static_cast<int>(dims.size());
  std::vector<int64_t> axes = node.integers("axes");
  if (!node.has("axes")) {
    for (int i = 0; i < rank; ++i) axes.push_back(i);
  }
  if (!axis_flags(node, axes, rank)) return;
  const std::optional<Dims> wanted = small_elements(node, 1);
  if (wanted && wanted->size() != axes.size()) {
    node.fail(invalid_argument("expected {} lengths, found {}", axes.size(), wanted->size()));
    return;
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    dims[static_cast<size_t>(axes[i] < 0 ? axes[i] + rank : axes[i])] =
        wanted ? (*wanted)[i] : Dim();
  }
  node.set(0, node.dtype(0), std::move(dims));
}

class CenterCropPad final : public Kernel {
 public:
  explicit CenterCropPad(const NodeInfo& node)
      : has_axes_(node.has("axes")), axes_(node.integers("axes")) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
    ASSIGN_OR_RETURN(const IntList wanted, read_ints(call, 1, "shape"));
    const Shape& input = call.shape(0);
    const int rank = input.rank();
    RETURN_IF_ERROR(resolve_axes(axes_, rank).status());
    if (wanted.count != (has_axes_ ? axes_.size() : static_cast<size_t>(rank))) {
      return invalid_argument("expected a length for each of the axes, found {}", wanted.count);
    }
    std::array<int64_t, kMaxRank> dims{};
    std::copy(input.dims().begin(), input.dims().end(), dims.begin());
    for (size_t i = 0; i < wanted.count; ++i) {
      const int64_t axis = has_axes_ ? axes_[i] : static_cast<int64_t>(i);
      dims[static_cast<size_t>(axis < 0 ? axis + rank : axis)] = wanted.values[i];
    }
    ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), static_cast<size_t>(rank)}));
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    RETURN_IF_ERROR(fill_cells(out.dtype(), nullptr, shape.count(), out.data()));
    if (shape.count() > 0 && input.count() > 0) {
      Walk<2> walk;
      const auto src_strides = strides_of(input), dst_strides = strides_of(shape);
      int64_t from = 0, to = 0;
      for (int i = 0; i < rank; ++i) {
        const auto at = static_cast<size_t>(i);
        walk.add(std::min(input[i], shape[i]), {src_strides[at], dst_strides[at]});
        from += std::max<int64_t>(0, input[i] - shape[i]) / 2 * src_strides[at];
        to += std::max<int64_t>(0, shape[i] - input[i]) / 2 * dst_strides[at];
      }
      const auto cell = static_cast<int64_t>(cell_size(out.dtype()));
      RETURN_IF_ERROR(copy_cells(out.dtype(), walk, src + from * cell, out.data() + to * cell));
    }
    out.finish();
    return {};
  }

 private:
  bool has_axes_;
  std::vector<int64_t> axes_;
};

}  // namespace

extern const Operator kCenterCropPad = {.domain = "",
                                        .name = "CenterCropPad",
                                        .versions = {18},
                                        .inputs = {2, 2},
                                        .infer = infer,
                                        .create = make<CenterCropPad>};

}  // namespace escuta::ops
