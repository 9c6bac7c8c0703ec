// Gather (ai.onnx 1, 11, 13): slices of `data` along `axis`, picked by indices of any shape.
#include <cstring>

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// Elements of a vector that holds a shape.
void infer_elements(Inference& node) {
  const std::optional<Dims> elements = small_elements(node, 0);
  const auto indices = node.constant_ints(1);
  if (!elements || !indices || indices->size() > kMaxElements) return;
  if (node.rank(1).value_or(2) > 1) return;
  const auto count = static_cast<int64_t>(elements->size());
  Dims picked;
  for (const int64_t index : *indices) {
    if (index < -count || index >= count) return;
    picked.push_back((*elements)[static_cast<size_t>(index < 0 ? index + count : index)]);
  }
  set_elements(node, 0, std::move(picked));
}

void infer(Inference& node) {
  node.set(0, node.dtype(0), std::nullopt);
  if (!node.shape(0)) return;
  const Dims& data = *node.shape(0);
  const int axis = normalize_axis(node, node.integer("axis", 0), static_cast<int>(data.size()));
  if (!node.status().ok() || !node.shape(1)) return;
  Dims dims(data.begin(), data.begin() + axis);
  dims.insert(dims.end(), node.shape(1)->begin(), node.shape(1)->end());
  dims.insert(dims.end(), data.begin() + axis + 1, data.end());
  node.set(0, node.dtype(0), std::move(dims));
  if (data.size() == 1) infer_elements(node);
}

// Where slices come from: [outer, length, inner].
struct Layout {
  int64_t outer = 1, length = 1, inner = 1;
};

template <typename T, typename Index>
Status gather(const Layout& layout, const T* src, std::span<const Index> indices, T* dst) {
  for (size_t i = 0; i < indices.size(); ++i) {
    const int64_t index = indices[i];
    if (index < -layout.length || index >= layout.length) {
      return invalid_argument("expected indices from {} to {}, found {}", -layout.length,
                              layout.length - 1, index);
    }
  }
  if (layout.inner == 0) return {};
  for (int64_t o = 0; o < layout.outer; ++o, src += layout.length * layout.inner) {
    for (const int64_t index : indices) {
      const T* from = src + (index < 0 ? index + layout.length : index) * layout.inner;
      if constexpr (std::is_trivially_copyable_v<T>) {
        if (layout.inner == 1) {
          *dst = *from;
        } else {
          std::memcpy(dst, from, static_cast<size_t>(layout.inner) * sizeof(T));
        }
      } else {
        std::copy_n(from, layout.inner, dst);
      }
      dst += layout.inner;
    }
  }
  return {};
}

class Gather final : public Kernel {
 public:
  explicit Gather(const NodeInfo& node) : axis_(node.integer("axis", 0)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
    RETURN_IF_ERROR(check_int_tensor(call, 1, "indices"));
    const Shape& data = call.shape(0);
    ASSIGN_OR_RETURN(const int axis, resolve_axis(axis_, data.rank()));
    Layout layout;
    std::array<int64_t, 2 * kMaxRank> dims{};
    size_t rank = 0;
    for (int i = 0; i < axis; ++i) layout.outer *= dims[rank++] = data[i];
    for (const int64_t dim : call.shape(1).dims()) dims[rank++] = dim;
    for (int i = axis + 1; i < data.rank(); ++i) layout.inner *= dims[rank++] = data[i];
    layout.length = data[axis];
    ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), rank}));
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    RETURN_IF_ERROR(dispatch_by_size(out.dtype(), [&](auto tag) -> Status {
      using T = decltype(tag);
      const T* from = reinterpret_cast<const T*>(src);
      if (call.dtype(1) == DType::kInt32) {
        return gather(layout, from, call.input(1).as<int32_t>(), out.as<T>());
      }
      return gather(layout, from, call.input(1).as<int64_t>(), out.as<T>());
    }));
    out.finish();
    return {};
  }

 private:
  int64_t axis_;
};

}  // namespace

extern const Operator kGather = {.domain = "",
                                 .name = "Gather",
                                 .versions = {1, 11, 13},
                                 .inputs = {2, 2},
                                 .infer = infer,
                                 .create = make<Gather>};

}  // namespace escuta::ops
