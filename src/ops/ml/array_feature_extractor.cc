// ArrayFeatureExtractor (ai.onnx.ml 1): elements of the last dimension, by index. A vector gives
// [1, count], as in ONNX Runtime.
#include "ops/arguments.h"
#include "ops/check_input.h"
#include "ops/dispatch.h"
#include "ops/elements.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  RETURN_IF_ERROR(check_tensor(call, 0));
  RETURN_IF_ERROR(check_dtype(call, 1, DType::kInt64));
  const Shape& shape = call.shape(0);
  if (shape.rank() == 0) return invalid_argument("input 0: expected a vector, found a scalar");
  const int last = shape.rank() - 1;
  const int64_t width = shape[last];
  const auto indices = call.input(1).as<int64_t>();
  const auto count = static_cast<int64_t>(indices.size());
  for (const int64_t index : indices) {
    if (index < 0 || index >= width) {
      return invalid_argument("expected indices from 0 to {}, found {}", width - 1, index);
    }
  }
  Shape result({1, count});
  if (last > 0) {
    ASSIGN_OR_RETURN(result, replace_dim(shape, last, count));
  }
  return dispatch_by_size(call.dtype(0), [&](auto tag) -> Status {
    using T = decltype(tag);
    ASSIGN_OR_RETURN(std::byte * bytes, call.allocate(0, call.dtype(0), result));
    auto* dst = reinterpret_cast<T*>(bytes);
    const auto* src = reinterpret_cast<const T*>(call.input(0).bytes());
    const int64_t rows = count == 0 ? 0 : result.count() / count;
    for (int64_t row = 0; row < rows; ++row) {
      for (const int64_t index : indices) *dst++ = src[row * width + index];
    }
    return {};
  });
}

void infer(Inference& node) {
  std::optional<Dims> shape = node.shape(0);
  if (shape && !shape->empty()) {
    Dim count(int64_t{1});
    if (const auto& indices = node.shape(1)) {
      for (const Dim& dim : *indices) {
        count = count == Dim(int64_t{1}) ? dim : dim == Dim(int64_t{1}) ? count : Dim();
      }
    } else {
      count = Dim();
    }
    if (shape->size() == 1) shape->insert(shape->begin(), Dim(int64_t{1}));
    shape->back() = count;
  } else {
    shape.reset();
  }
  node.set(0, node.dtype(0), std::move(shape));
}

}  // namespace

extern const Operator kMlArrayFeatureExtractor = {.domain = "ai.onnx.ml",
                                                  .name = "ArrayFeatureExtractor",
                                                  .versions = {1},
                                                  .inputs = {2, 2},
                                                  .infer = infer,
                                                  .create = make_function<run>};

}  // namespace escuta::ops
