// ScatterElements (ai.onnx 11, 13, 16, 18): `data` where each update is written to (or combined
// with) the element at its own place, with the index along `axis` replaced.
#include "ops/scatter_elements.h"

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/scatter_reduction.h"

namespace escuta::ops {
namespace {

class ScatterElements final : public Kernel {
 public:
  explicit ScatterElements(const NodeInfo& node)
      : axis_(node.integer("axis", 0)), reduction_(reduction_of(node)) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_same_dtype(call, 0, 2));
    RETURN_IF_ERROR(check_int_tensor(call, 1, "indices"));
    ASSIGN_OR_RETURN(const std::byte* data, input_cells(call, 0));
    ASSIGN_OR_RETURN(const std::byte* updates, input_cells(call, 2));
    const Shape& shape = call.shape(0);
    const Shape& part = call.shape(1);
    ASSIGN_OR_RETURN(const int axis, resolve_axis(axis_, shape.rank()));
    bool fits = part.rank() == shape.rank() && part == call.shape(2);
    for (int i = 0; fits && i < shape.rank(); ++i) fits = i == axis || part[i] <= shape[i];
    if (!fits) {
      return invalid_argument("expected indices and updates within shape {}, found {} and {}",
                              shape.to_string(), part.to_string(), call.shape(2).to_string());
    }
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    Walk<2> all;
    all.add(shape.count(), {1, 1});
    RETURN_IF_ERROR(copy_cells(out.dtype(), all, data, out.data()));

    // Array 0: indices and updates; array 1: the result, whose place on the axis the index says.
    Walk<2> walk;
    const auto dense = strides_of(part), strides = strides_of(shape);
    for (int i = 0; i < part.rank(); ++i) {
      const auto at = static_cast<size_t>(i);
      walk.add(part[i], {dense[at], i == axis ? 0 : strides[at]});
    }
    const Axis target = {shape[axis], strides[static_cast<size_t>(axis)]};
    RETURN_IF_ERROR(
        with_reduction(reduction_, call.dtype(0), [&](auto tag, const auto& combine) -> Status {
          using T = decltype(tag);
          return scatter(walk, reinterpret_cast<const T*>(updates), call.input(1), target, combine,
                         out.as<T>());
        }));
    out.finish();
    return {};
  }

 private:
  struct Axis {
    int64_t length, stride;
  };

  template <typename T, typename Combine>
  static Status scatter(const Walk<2>& walk, const T* updates, const Datum& indices,
                        const Axis& axis, const Combine& combine, T* dst) {
    Status status;
    walk.for_each_run([&](const auto& at, int64_t count, const auto& steps) {
      for (int64_t i = 0; i < count; ++i) {
        const int64_t place = at[0] + i * steps[0];
        int64_t index = int_at(indices, place);
        if (index < -axis.length || index >= axis.length) {
          status = invalid_argument("expected indices from {} to {}, found {}", -axis.length,
                                    axis.length - 1, index);
          return;
        }
        if (index < 0) index += axis.length;
        combine(dst[at[1] + i * steps[1] + index * axis.stride], updates[place]);
      }
    });
    return status;
  }

  int64_t axis_;
  Reduction reduction_;
};

}  // namespace

void infer_scatter_elements(Inference& node) {
  if (node.shape(0)) {
    normalize_axis(node, node.integer("axis", 0), static_cast<int>(node.shape(0)->size()));
  }
  node.set(0, node.dtype(0), node.shape(0));
}

Result<KernelPtr> create_scatter_elements(const NodeInfo& node) {
  return make<ScatterElements>(node);
}

extern const Operator kScatterElements = {.domain = "",
                                          .name = "ScatterElements",
                                          .versions = {11, 13, 16, 18},
                                          .inputs = {3, 3},
                                          .infer = infer_scatter_elements,
                                          .create = create_scatter_elements};

}  // namespace escuta::ops
