// Expand (ai.onnx 8, 13): the input broadcast with a shape that is an input.
#include "ops/arguments.h"
#include "ops/broadcast.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  std::optional<Dims> shape = small_elements(node, 1);
  if (!shape) {
    if (const auto rank = vector_length(node, 1); rank && *rank <= kMaxRank) shape = Dims(*rank);
  }
  node.set(0, node.dtype(0), broadcast(node, node.shape(0), shape));
}

Status run(Call& call) {
  ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
  ASSIGN_OR_RETURN(const IntList list, read_ints(call, 1, "shape"));
  ASSIGN_OR_RETURN(const Shape target, Shape::create(list));
  const Shape& input = call.shape(0);
  ASSIGN_OR_RETURN(const auto both, Broadcast<2>::create({&input, &target}));
  const Shape& shape = both.shape();
  const auto dense = strides_of(input);
  std::array<int64_t, kMaxRank> strides{};
  const int added = shape.rank() - input.rank();
  for (int i = 0; i < input.rank(); ++i) {
    if (input[i] != 1) strides[static_cast<size_t>(i + added)] = dense[static_cast<size_t>(i)];
  }
  ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
  RETURN_IF_ERROR(copy_cells(out.dtype(), gather_walk(shape, strides), src, out.data()));
  out.finish();
  return {};
}

}  // namespace

extern const Operator kExpand = {.domain = "",
                                 .name = "Expand",
                                 .versions = {8, 13},
                                 .inputs = {2, 2},
                                 .infer = infer,
                                 .create = make_function<run>};

}  // namespace escuta::ops
