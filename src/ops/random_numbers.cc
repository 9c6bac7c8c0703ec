#include "ops/random_numbers.h"

#include <algorithm>

#include "ops/convert_elements.h"

namespace escuta::ops {

RandomTensor::RandomTensor(const NodeInfo& node, Law law, bool like)
    : law_(law),
      like_(like),
      seed_(node),
      first_(law == Law::kNormal ? node.number("mean", 0) : node.number("low", 0)),
      second_(law == Law::kNormal ? node.number("scale", 1) : node.number("high", 1)),
      dtype_(node.dtype_attribute("dtype", like ? DType::kUndefined : DType::kFloat)) {
  if (like) return;
  Result<Shape> shape = Shape::create(node.integers("shape"));
  if (shape.ok()) {
    shape_ = *shape;
  } else {
    node.fail(shape.status().with_context("attribute `shape`"));
  }
}

Status RandomTensor::run(Call& call) const {
  const Shape& shape = like_ ? call.shape(0) : shape_;
  const DType dtype = dtype_ == DType::kUndefined ? call.dtype(0) : dtype_;
  if (!is_numeric(dtype) || is_integer(dtype)) {
    return unimplemented("random numbers of element type {} are not supported", dtype_name(dtype));
  }
  ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, dtype, shape));
  return seed_.with_generator(call, [&](auto& generator) -> Status {
    constexpr int64_t kBlock = 512;
    double block[kBlock];
    Normal normal;
    for (int64_t at = 0; at < shape.count(); at += kBlock) {
      const int64_t count = std::min(kBlock, shape.count() - at);
      for (int64_t i = 0; i < count; ++i) {
        block[i] = law_ == Law::kNormal ? first_ + second_ * normal(generator)
                                        : first_ + (second_ - first_) * uniform(generator);
      }
      RETURN_IF_ERROR(store_elements(block, count, dtype, dst, at));
    }
    return {};
  });
}

void infer_random(Inference& node) {
  Dims dims;
  for (const int64_t dim : node.integers("shape")) dims.push_back(dim >= 0 ? Dim(dim) : Dim());
  node.set(0, node.dtype_attribute("dtype", DType::kFloat), std::move(dims));
}

void infer_random_like(Inference& node) {
  node.set(0, node.dtype_attribute("dtype", node.dtype(0)), node.shape(0));
}

}  // namespace escuta::ops
