// SplitToSequence (ai.onnx 11, 24): cuts a tensor along `axis` into pieces of `split` slices (the
// last one may be smaller), of the lengths that the vector `split` lists, or of one slice each.
#include <algorithm>

#include "ops/elements.h"
#include "ops/operator.h"
#include "ops/sequence.h"
#include "ops/type_facts.h"

namespace escuta::ops {
namespace {

class SplitToSequence final : public Kernel {
 public:
  explicit SplitToSequence(const NodeInfo& node)
      : axis_(node.integer("axis", 0)), keepdims_(node.integer("keepdims", 1) != 0) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    const Shape& shape = call.shape(0);
    ASSIGN_OR_RETURN(const int axis, resolve_axis(axis_, shape.rank()));
    const int64_t length = shape[axis];
    std::vector<Datum> items;
    if (!call.has(1)) {
      RETURN_IF_ERROR(cut_even(call, axis, 1, !keepdims_, &items));
    } else {
      RETURN_IF_ERROR(check_tensor(call, 1));
      const Datum& split = call.input(1);
      const bool wide = split.dtype() == DType::kInt64;
      if ((!wide && split.dtype() != DType::kInt32) || split.shape().rank() > 1) {
        return invalid_argument("expected `split` as a scalar or vector of integers, found {} {}",
                                dtype_name(split.dtype()), split.shape().to_string());
      }
      const auto at = [&](int64_t i) -> int64_t {
        const auto place = static_cast<size_t>(i);
        return wide ? split.as<int64_t>()[place] : split.as<int32_t>()[place];
      };
      if (split.shape().rank() == 0) {
        if (at(0) <= 0) return invalid_argument("expected a `split` over 0, found {}", at(0));
        RETURN_IF_ERROR(cut_even(call, axis, at(0), false, &items));
      } else {
        int64_t begin = 0;
        for (int64_t i = 0; i < split.count(); ++i) {
          if (at(i) < 0 || at(i) > length - begin) break;
          RETURN_IF_ERROR(cut(call, axis, begin, at(i), false, &items));
          begin += at(i);
        }
        if (static_cast<int64_t>(items.size()) != split.count() || begin != length) {
          return invalid_argument("expected lengths in `split` that add up to {}, found others",
                                  length);
        }
      }
    }
    return set_sequence(call, call.dtype(0), std::move(items));
  }

 private:
  static Status cut_even(Call& call, int axis, int64_t slices, bool drop_axis,
                         std::vector<Datum>* items) {
    const int64_t length = call.shape(0)[axis];
    for (int64_t begin = 0; begin < length;) {
      const int64_t count = std::min(slices, length - begin);
      RETURN_IF_ERROR(cut(call, axis, begin, count, drop_axis, items));
      begin += count;
    }
    return {};
  }

  // Appends slices begin .. begin+count of input 0.
  static Status cut(Call& call, int axis, int64_t begin, int64_t count, bool drop_axis,
                    std::vector<Datum>* items) {
    if (static_cast<int64_t>(items->size()) == kMaxSequenceItems) {
      return resource_exhausted("expected to split into at most {} items, found more",
                                kMaxSequenceItems);
    }
    const Datum& input = call.input(0);
    ASSIGN_OR_RETURN(const Shape shape, replace_dim(input.shape(), axis, count));
    ASSIGN_OR_RETURN(Datum item, Datum::create(input.dtype(), shape));
    take_slices(input.dtype(), input.bytes(), AxisView(input.shape(), axis), begin, count,
                item.mutable_bytes());
    items->push_back(drop_axis ? item.reshaped(remove_dim(shape, axis)) : std::move(item));
    return {};
  }

  int64_t axis_;
  bool keepdims_;
};

void infer(Inference& node) {
  if (!node.has_output(0)) return;
  Fact item;
  item.dtype = node.dtype(0);
  if (item.dtype == DType::kUndefined) return;
  item.shape = node.shape(0);
  if (item.shape) {
    const int axis =
        normalize_axis(node, node.integer("axis", 0), static_cast<int>(item.shape->size()));
    if (!node.status().ok()) return;
    if (!node.has_input(1) && node.integer("keepdims", 1) == 0) {
      item.shape->erase(item.shape->begin() + axis);
    } else {
      (*item.shape)[static_cast<size_t>(axis)] = node.has_input(1) ? Dim() : Dim(int64_t{1});
    }
  }
  node.output(0) = sequence_fact(item);
}

}  // namespace

extern const Operator kSplitToSequence = {.domain = "",
                                          .name = "SplitToSequence",
                                          .versions = {11, 24},
                                          .inputs = {1, 2},
                                          .infer = infer,
                                          .create = make<SplitToSequence>};

}  // namespace escuta::ops
