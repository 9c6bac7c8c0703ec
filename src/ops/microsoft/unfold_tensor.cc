// UnfoldTensor (com.microsoft 1): all slices of `size` elements along a dimension, `step` apart,
// each in a new last dimension.
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class UnfoldTensor final : public Kernel {
 public:
  explicit UnfoldTensor(const NodeInfo& node)
      : axis_(node.integer("dim", -1)),
        size_(node.integer("size", 0)),
        step_(node.integer("step", 1)) {
    if (size_ <= 0 || step_ <= 0) {
      node.fail(invalid_argument("expected size and step over 0, found {} and {}", size_, step_));
    }
  }

  Status run(Call& call) const override {
    const Shape& shape = call.shape(0);
    const int rank = shape.rank();
    if (!call.input(0).is_tensor() || axis_ < -rank || axis_ >= rank) {
      return invalid_argument("axis {} is outside of shape {}", axis_, shape.to_string());
    }
    const int axis = static_cast<int>(axis_ < 0 ? axis_ + rank : axis_);
    if (size_ > shape[axis]) {
      return invalid_argument("expected {} elements at least along axis {} of {}", size_, axis,
                              shape.to_string());
    }
    const int64_t slices = (shape[axis] - size_) / step_ + 1;
    std::array<int64_t, kMaxRank + 1> dims{};
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < rank; ++i) {
      dims[static_cast<size_t>(i)] = i == axis ? slices : shape[i];
      if (i != axis) (i < axis ? outer : inner) *= shape[i];
    }
    dims[static_cast<size_t>(rank)] = size_;
    ASSIGN_OR_RETURN(const Shape unfolded, Shape::create({dims.data(), size_t(rank) + 1}));
    return dispatch_by_size(call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(std::byte * data, call.allocate(0, call.dtype(0), unfolded));
      if (unfolded.count() == 0) return {};
      T* dst = reinterpret_cast<T*>(data);
      const T* src = reinterpret_cast<const T*>(call.input(0).bytes());
      for (int64_t o = 0; o < outer; ++o, src += shape[axis] * inner) {
        for (int64_t s = 0; s < slices; ++s) {
          for (int64_t i = 0; i < inner; ++i) {
            const T* from = src + s * step_ * inner + i;
            for (int64_t j = 0; j < size_; ++j) *dst++ = from[j * inner];
          }
        }
      }
      return {};
    });
  }

 private:
  int64_t axis_, size_, step_;
};

void infer(Inference& node) {
  std::optional<Dims> dims = node.shape(0);
  const int64_t size = node.integer("size", 0), step = node.integer("step", 1);
  if (dims && size > 0 && step > 0) {
    const int axis = normalize_axis(node, node.integer("dim", -1), static_cast<int>(dims->size()));
    if (dims->empty()) return;
    Dim& dim = (*dims)[static_cast<size_t>(axis)];
    dim = dim.is_known() && dim.value() >= size ? Dim((dim.value() - size) / step + 1) : Dim();
    dims->push_back(Dim(size));
  } else {
    dims.reset();
  }
  node.set(0, node.dtype(0), std::move(dims));
}

}  // namespace

extern const Operator kMsUnfoldTensor = {.domain = "com.microsoft",
                                         .name = "UnfoldTensor",
                                         .versions = {1},
                                         .inputs = {1, 1},
                                         .infer = infer,
                                         .create = make<UnfoldTensor>};

}  // namespace escuta::ops
