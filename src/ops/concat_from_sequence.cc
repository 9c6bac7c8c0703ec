// ConcatFromSequence (ai.onnx 11): joins the items along an axis, or along a new one.
#include "ops/elements.h"
#include "ops/operator.h"
#include "ops/sequence.h"
#include "ops/type_facts.h"

namespace escuta::ops {
namespace {

class ConcatFromSequence final : public Kernel {
 public:
  explicit ConcatFromSequence(const NodeInfo& node)
      : axis_(node.integer("axis", 0)), new_axis_(node.integer("new_axis", 0) != 0) {
    if (!node.has("axis")) node.fail(invalid_argument("expected attribute `axis`, found none"));
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_sequence(call, 0));
    const Sequence& sequence = call.input(0).sequence();
    if (sequence.items.empty()) {
      return invalid_argument("expected a sequence with items to join, found an empty one");
    }
    const Datum& first = sequence.items[0];
    if (!first.is_tensor()) return invalid_argument("expected a sequence of tensors");
    const int rank = first.shape().rank() + (new_axis_ ? 1 : 0);
    ASSIGN_OR_RETURN(const int axis, resolve_axis(axis_, rank));
    ASSIGN_OR_RETURN(const Shape shape, joined_shape(sequence, axis));
    ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, first.dtype(), shape));
    const AxisView view(shape, axis);
    int64_t at = 0;
    for (const Datum& item : sequence.items) {
      const int64_t slices = new_axis_ ? 1 : item.shape()[axis];
      put_slices(first.dtype(), item.bytes(), dst, view, at, slices);
      at += slices;
    }
    return {};
  }

 private:
  Result<Shape> joined_shape(const Sequence& sequence, int axis) const {
    const Datum& first = sequence.items[0];
    int64_t count = 0;
    for (const Datum& item : sequence.items) {
      bool fits = item.is_tensor() && item.dtype() == first.dtype() &&
                  item.shape().rank() == first.shape().rank();
      for (int i = 0; fits && i < first.shape().rank(); ++i) {
        fits = item.shape()[i] == first.shape()[i] || (!new_axis_ && i == axis);
      }
      if (!fits) {
        return invalid_argument("expected items like the first, {} {}, found {} {}",
                                dtype_name(first.dtype()), first.shape().to_string(),
                                datum_name(item), item.shape().to_string());
      }
      if (__builtin_add_overflow(count, new_axis_ ? 1 : item.shape()[axis], &count)) {
        return invalid_argument("the joined tensor has more elements than 64 bits can count");
      }
    }
    return new_axis_ ? insert_dim(first.shape(), axis, count)
                     : replace_dim(first.shape(), axis, count);
  }

  int64_t axis_;
  bool new_axis_;
};

void infer(Inference& node) {
  if (!node.has_output(0)) return;
  const Fact item = item_fact(node.input(0));
  std::optional<Dims> shape = item.shape;
  if (shape) {
    const bool new_axis = node.integer("new_axis", 0) != 0;
    const int rank = static_cast<int>(shape->size()) + (new_axis ? 1 : 0);
    const int64_t axis = node.integer("axis", 0);
    if (axis < -rank || axis >= rank) return node.fail(resolve_axis(axis, rank).status());
    const auto at = shape->begin() + (axis < 0 ? axis + rank : axis);
    if (new_axis) {
      shape->insert(at, Dim());
    } else {
      *at = Dim();
    }
  }
  node.set(0, item.dtype, std::move(shape));
}

}  // namespace

extern const Operator kConcatFromSequence = {.domain = "",
                                             .name = "ConcatFromSequence",
                                             .versions = {11},
                                             .inputs = {1, 1},
                                             .infer = infer,
                                             .create = make<ConcatFromSequence>};

}  // namespace escuta::ops
