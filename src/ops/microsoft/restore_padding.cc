// RestorePadding (com.microsoft 1): tokens [total, hidden] at their places in [batch, length,
// hidden], zeros elsewhere.
#include <cstring>

#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  RETURN_IF_ERROR(check_tensors(call, 2));
  const DType dtype = call.dtype(0);
  if (dtype != DType::kFloat && dtype != DType::kFloat16) {
    return unimplemented("expected an input of type float or float16, found {}", dtype_name(dtype));
  }
  RETURN_IF_ERROR(expect_shape(call, 0, "input", {-1, -1}));
  RETURN_IF_ERROR(expect_shape(call, 1, "token_offset", {-1, -1}));
  ASSIGN_OR_RETURN(const auto offsets, elements<int32_t>(call, 1));
  const int64_t total = call.shape(0)[0], size = call.shape(0)[1];
  const auto places = static_cast<int64_t>(offsets.size());
  if (total > places) {
    return invalid_argument("expected up to {} tokens, found {}", places, total);
  }
  ASSIGN_OR_RETURN(const Shape shape, shape_of({call.shape(1)[0], call.shape(1)[1], size}));
  ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, dtype, shape));
  const auto row = static_cast<size_t>(size * (dtype_bits(dtype) / 8));
  if (shape.count() == 0) return {};
  std::memset(dst, 0, static_cast<size_t>(places) * row);
  for (int64_t i = 0; i < total; ++i) {
    const int32_t at = offsets[static_cast<size_t>(i)];
    if (at < 0 || at >= places) {
      return out_of_range("expected offsets from 0 to {}, found {}", places - 1, at);
    }
    std::memcpy(dst + static_cast<size_t>(at) * row,
                call.input(0).bytes() + static_cast<size_t>(i) * row, row);
  }
  return {};
}

void infer(Inference& node) {
  node.set(0, node.dtype(0), std::nullopt);
  if (node.rank(0) != 2 || node.rank(1) != 2) return;
  const Dims& places = *node.shape(1);
  node.set(0, node.dtype(0), Dims{places[0], places[1], (*node.shape(0))[1]});
}

}  // namespace

extern const Operator kMsRestorePadding = {.domain = "com.microsoft",
                                           .name = "RestorePadding",
                                           .versions = {1},
                                           .inputs = {2, 2},
                                           .infer = infer,
                                           .create = make_function<run>};

}  // namespace escuta::ops
