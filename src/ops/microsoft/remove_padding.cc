// RemovePadding (com.microsoft 1): the tokens of [batch, length, hidden] that are no padding, one
// after the other, and where they came from.
#include <algorithm>
#include <cstring>

#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// offsets [batch, length]: those of tokens first, then those of padding. ends [batch + 1].
void place(std::span<const int32_t> counts, int64_t length, int32_t* offsets, int32_t* ends) {
  int32_t total = 0;
  ends[0] = 0;
  for (size_t b = 0; b < counts.size(); ++b) {
    const int64_t base = static_cast<int64_t>(b) * length;
    for (int64_t t = 0; t < counts[b]; ++t) offsets[total++] = static_cast<int32_t>(base + t);
    ends[b + 1] = total;
  }
  for (size_t b = 0; b < counts.size(); ++b) {
    const int64_t base = static_cast<int64_t>(b) * length;
    for (int64_t t = counts[b]; t < length; ++t) offsets[total++] = static_cast<int32_t>(base + t);
  }
}

Status run(Call& call) {
  RETURN_IF_ERROR(check_tensors(call, 2));
  RETURN_IF_ERROR(expect_shape(call, 0, "input", {-1, -1, -1}));
  const Shape& shape = call.shape(0);
  RETURN_IF_ERROR(expect_shape(call, 1, "sequence_token_count", {shape[0]}));
  ASSIGN_OR_RETURN(const auto counts, elements<int32_t>(call, 1));
  if (shape[0] * shape[1] > INT32_MAX) {
    return invalid_argument("expected up to {} tokens, found {}", INT32_MAX, shape.to_string());
  }
  int64_t total = 0;
  int32_t most = 0;
  for (const int32_t count : counts) {
    if (count < 0 || count > shape[1]) {
      return invalid_argument("expected counts from 0 to {}, found {}", shape[1], count);
    }
    total += count;
    most = std::max(most, count);
  }
  ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, call.dtype(0), {total, shape[2]}));
  ASSIGN_OR_RETURN(int32_t * offsets, call.output<int32_t>(1, {shape[0], shape[1]}));
  ASSIGN_OR_RETURN(int32_t * ends, call.output<int32_t>(2, {shape[0] + 1}));
  ASSIGN_OR_RETURN(int32_t * longest, call.output<int32_t>(3, {1}));
  *longest = most;
  place(counts, shape[1], offsets, ends);
  const auto row = static_cast<size_t>(shape[2] * (dtype_bits(call.dtype(0)) / 8));
  if (row == 0) return {};
  for (int64_t i = 0; i < total; ++i) {
    std::memcpy(dst + static_cast<size_t>(i) * row,
                call.input(0).bytes() + static_cast<size_t>(offsets[i]) * row, row);
  }
  return {};
}

Status run_checked(Call& call) {
  if (call.dtype(0) != DType::kFloat && call.dtype(0) != DType::kFloat16) {
    return unimplemented("expected an input of type float or float16, found {}",
                         dtype_name(call.dtype(0)));
  }
  return run(call);
}

void infer(Inference& node) {
  node.set(0, node.dtype(0), std::nullopt);
  if (node.rank(0) == 3) {
    const Dims& in = *node.shape(0);
    node.set(0, node.dtype(0), Dims{Dim(), in[2]});
    node.set(1, DType::kInt32, Dims{in[0], in[1]});
    node.set(2, DType::kInt32,
             Dims{in[0].is_known() && in[0].value() < kMaxCount ? Dim(in[0].value() + 1) : Dim()});
  }
  node.set(3, DType::kInt32, Dims{Dim(int64_t{1})});
}

}  // namespace

extern const Operator kMsRemovePadding = {.domain = "com.microsoft",
                                          .name = "RemovePadding",
                                          .versions = {1},
                                          .inputs = {2, 2},
                                          .outputs = {4, 4},
                                          .infer = infer,
                                          .create = make_function<run_checked>};

}  // namespace escuta::ops
