// Concat (ai.onnx 1, 4, 11, 13): joins tensors along `axis`, which version 1 need not have.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

int64_t axis_of(const NodeInfo& node) {
  if (node.version() >= 4 && !node.has("axis")) {
    node.fail(invalid_argument("expected an attribute `axis`, found none"));
  }
  return node.integer("axis", 1);
}

void infer_elements(Inference& node) {
  Dims elements;
  for (size_t i = 0; i < node.input_count(); ++i) {
    if (std::optional<Dims> part = small_elements(node, i)) {
      elements.insert(elements.end(), part->begin(), part->end());
    } else if (const auto length = vector_length(node, i); length && *length <= kMaxElements) {
      elements.resize(elements.size() + *length);
    } else {
      return;
    }
    if (elements.size() > kMaxElements) return;
  }
  set_elements(node, 0, std::move(elements));
}

void infer(Inference& node) {
  const int64_t attribute = axis_of(node);
  std::optional<Dims> dims;
  Dim joined(int64_t{0});
  bool all_known = true;
  for (size_t i = 0; i < node.input_count(); ++i) {
    if (!node.shape(i)) {
      all_known = false;
      continue;
    }
    const Dims& input = *node.shape(i);
    const int axis = normalize_axis(node, attribute, static_cast<int>(input.size()));
    if (!node.status().ok()) return;
    if (dims && dims->size() != input.size()) {
      node.fail(invalid_argument("expected tensors of one rank, found {} and {}", dims->size(),
                                 input.size()));
      return;
    }
    if (!dims) dims = Dims(input.size());
    for (size_t d = 0; d < input.size(); ++d) {
      if (d != static_cast<size_t>(axis)) (*dims)[d] = merge(node, (*dims)[d], input[d]);
    }
    joined = add(joined, input[static_cast<size_t>(axis)]);
    if (joined == Dim()) all_known = false;
  }
  if (dims) {
    const int axis = normalize_axis(node, attribute, static_cast<int>(dims->size()));
    (*dims)[static_cast<size_t>(axis)] = all_known ? joined : Dim();
  }
  const bool vector = dims && dims->size() == 1;
  node.set(0, node.dtype(0), std::move(dims));
  if (vector) infer_elements(node);
}

class Concat final : public Kernel {
 public:
  explicit Concat(const NodeInfo& node) : axis_(axis_of(node)) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    const Shape& first = call.shape(0);
    ASSIGN_OR_RETURN(const int axis, resolve_axis(axis_, first.rank()));
    ASSIGN_OR_RETURN(const Shape shape, joined(call, axis));
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < axis; ++i) outer *= shape[i];
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
    const size_t cell = cell_size(out.dtype());
    int64_t at = 0;
    for (size_t i = 0; i < call.input_count(); ++i) {
      ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, i));
      const int64_t run = call.shape(i)[axis] * inner;
      Walk<2> walk;
      walk.add(outer, {run, shape[axis] * inner});
      walk.add(run, {1, 1});
      RETURN_IF_ERROR(
          copy_cells(out.dtype(), walk, src, out.data() + static_cast<size_t>(at) * cell));
      at += run;
    }
    out.finish();
    return {};
  }

 private:
  static Result<Shape> joined(const Call& call, int axis) {
    const Shape& first = call.shape(0);
    std::array<int64_t, kMaxRank> dims{};
    std::copy(first.dims().begin(), first.dims().end(), dims.begin());
    for (size_t i = 1; i < call.input_count(); ++i) {
      RETURN_IF_ERROR(check_same_dtype(call, 0, i));
      const Shape& shape = call.shape(i);
      bool fits = shape.rank() == first.rank();
      for (int d = 0; fits && d < shape.rank(); ++d) fits = d == axis || shape[d] == first[d];
      if (!fits) {
        return invalid_argument("expected shapes that differ at axis {} only, found {} and {}",
                                axis, first.to_string(), shape.to_string());
      }
      int64_t& sum = dims[static_cast<size_t>(axis)];
      if (__builtin_add_overflow(sum, shape[axis], &sum)) {
        return invalid_argument("the joined axis is longer than 64 bits can count");
      }
    }
    return Shape::create({dims.data(), static_cast<size_t>(first.rank())});
  }

  int64_t axis_;
};

}  // namespace

extern const Operator kConcat = {.domain = "",
                                 .name = "Concat",
                                 .versions = {1, 4, 11, 13},
                                 .inputs = {1, kAny},
                                 .infer = infer,
                                 .create = make<Concat>};

}  // namespace escuta::ops
