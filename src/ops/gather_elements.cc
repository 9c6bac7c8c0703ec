// GatherElements (ai.onnx 11, 13): each element of the result is that of `data` at the same place,
// with its index along `axis` replaced.
#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  if (node.shape(0)) {
    normalize_axis(node, node.integer("axis", 0), static_cast<int>(node.shape(0)->size()));
  }
  node.set(0, node.dtype(0), node.shape(1));
}

class GatherElements final : public Kernel {
 public:
  explicit GatherElements(const NodeInfo& node) : axis_(node.integer("axis", 0)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
    RETURN_IF_ERROR(check_int_tensor(call, 1, "indices"));
    const Shape& data = call.shape(0);
    const Shape& shape = call.shape(1);
    ASSIGN_OR_RETURN(const int axis, resolve_axis(axis_, data.rank()));
    bool fits = shape.rank() == data.rank();
    for (int i = 0; fits && i < data.rank(); ++i) fits = i == axis || shape[i] <= data[i];
    if (!fits) {
      return invalid_argument("expected indices within shape {}, found shape {}", data.to_string(),
                              shape.to_string());
    }
    // Array 0: indices and result; array 1: data, whose place along the axis the index says.
    Walk<2> walk;
    const auto dense = strides_of(shape), strides = strides_of(data);
    for (int i = 0; i < shape.rank(); ++i) {
      const auto at = static_cast<size_t>(i);
      walk.add(shape[i], {dense[at], i == axis ? 0 : strides[at]});
    }
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    RETURN_IF_ERROR(dispatch_by_size(out.dtype(), [&](auto tag) -> Status {
      using T = decltype(tag);
      return gather(walk, reinterpret_cast<const T*>(src), call.input(1), data[axis],
                    strides[static_cast<size_t>(axis)], out.as<T>());
    }));
    out.finish();
    return {};
  }

 private:
  template <typename T>
  static Status gather(const Walk<2>& walk, const T* src, const Datum& indices, int64_t length,
                       int64_t stride, T* dst) {
    Status status;
    walk.for_each_run([&](const auto& at, int64_t count, const auto& steps) {
      for (int64_t i = 0; i < count; ++i) {
        const int64_t place = at[0] + i * steps[0];
        const int64_t index = int_at(indices, place);
        if (index < -length || index >= length) {
          status = invalid_argument("expected indices from {} to {}, found {}", -length, length - 1,
                                    index);
          return;
        }
        dst[place] = src[at[1] + i * steps[1] + (index < 0 ? index + length : index) * stride];
      }
    });
    return status;
  }

  int64_t axis_;
};

}  // namespace

extern const Operator kGatherElements = {.domain = "",
                                         .name = "GatherElements",
                                         .versions = {11, 13},
                                         .inputs = {2, 2},
                                         .infer = infer,
                                         .create = make<GatherElements>};

}  // namespace escuta::ops
