#include "ops/window.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace escuta::ops {

Window::Window(const NodeInfo& node, const WindowCoefficients& coefficients)
    : coefficients_(coefficients),
      dtype_(node.dtype_attribute("output_datatype", DType::kFloat)),
      periodic_(node.integer("periodic", 1) != 0) {
  if (!is_numeric(dtype_)) {
    node.fail(invalid_argument("attribute `output_datatype`: expected a numeric type, found {}",
                               dtype_name(dtype_)));
  }
}

Status Window::run(Call& call) const {
  if (call.dtype(0) != DType::kInt32 && call.dtype(0) != DType::kInt64) {
    return invalid_argument("expected a size of type int32 or int64, found {}",
                            dtype_name(call.dtype(0)));
  }
  ASSIGN_OR_RETURN(const int64_t size, load_scalar<int64_t>(call.input(0), "size"));
  if (size < 0) return invalid_argument("expected a size of 0 or more, found {}", size);
  ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, dtype_, Shape{size}));
  const auto length = static_cast<double>(periodic_ ? size : size - 1);
  const auto& c = coefficients_.c;
  constexpr int64_t kBlock = 512;
  double block[kBlock];
  for (int64_t at = 0; at < size; at += kBlock) {
    const int64_t count = std::min(kBlock, size - at);
    for (int64_t i = 0; i < count; ++i) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(at + i) / length;
      block[i] = length == 0 ? 1 : c[0] - c[1] * std::cos(angle) + c[2] * std::cos(2 * angle);
    }
    RETURN_IF_ERROR(store_elements(block, count, dtype_, dst, at));
  }
  return {};
}

void infer_window(Inference& node) {
  Dim size;
  const auto elements = node.shape_elements(0);
  if (elements && elements->size() == 1) size = elements->front();
  node.set(0, node.dtype_attribute("output_datatype", DType::kFloat), Dims{size});
}

}  // namespace escuta::ops
