// ExpandDims (com.microsoft 1): a dimension of 1 at `axis`.
#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  if (!call.input(0).is_tensor()) return invalid_argument("expected a tensor as input 0");
  ASSIGN_OR_RETURN(const auto given, elements<int32_t>(call, 1));
  const Shape& shape = call.shape(0);
  const int rank = shape.rank();
  if (given.size() != 1 || given[0] < -rank - 1 || given[0] > rank) {
    return invalid_argument("expected one axis from {} to {}", -rank - 1, rank);
  }
  if (rank == kMaxRank) return invalid_argument("expected fewer than {} dimensions", kMaxRank);
  const int axis = given[0] < 0 ? given[0] + rank + 1 : given[0];
  std::array<int64_t, kMaxRank> dims{};
  for (int i = 0; i <= rank; ++i) {
    dims[static_cast<size_t>(i)] = i == axis ? 1 : shape[i < axis ? i : i - 1];
  }
  ASSIGN_OR_RETURN(const Shape expanded, Shape::create({dims.data(), size_t(rank) + 1}));
  call.set(0, call.input(0).reshaped(expanded));
  return {};
}

void infer(Inference& node) {
  std::optional<Dims> dims = node.shape(0);
  const auto axis = node.constant_ints(1);
  if (dims && axis && axis->size() == 1) {
    const int at = normalize_axis(node, (*axis)[0], static_cast<int>(dims->size()) + 1);
    dims->insert(dims->begin() + at, Dim(int64_t{1}));
  } else if (dims) {
    dims = Dims(dims->size() + 1);
  }
  node.set(0, node.dtype(0), std::move(dims));
}

}  // namespace

extern const Operator kMsExpandDims = {.domain = "com.microsoft",
                                       .name = "ExpandDims",
                                       .versions = {1},
                                       .inputs = {2, 2},
                                       .infer = infer,
                                       .create = make_function<run>,
                                       .memory = Memory::kView};

}  // namespace escuta::ops
