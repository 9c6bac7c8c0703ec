// MatMulInteger16 (com.microsoft 1): numpy.matmul of 16-bit integers, sums modulo 2^32.
#include "ops/dispatch.h"
#include "ops/microsoft/batched_product.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

using Shorts = Types<int16_t, uint16_t>;

DType result_type(DType a, DType b) {
  return a == DType::kUint16 && b == DType::kUint16 ? DType::kUint32 : DType::kInt32;
}

Status run(Call& call) {
  ASSIGN_OR_RETURN(const auto product,
                   BatchedProduct::create(call.shape(0), {}, call.shape(1), {}));
  return dispatch(Shorts{}, call.dtype(0), [&](auto left) {
    return dispatch(Shorts{}, call.dtype(1), [&](auto right) -> Status {
      ASSIGN_OR_RETURN(std::byte * c, call.allocate(0, result_type(call.dtype(0), call.dtype(1)),
                                                    product.shape()));
      product.run(call.input(0).as<decltype(left)>().data(),
                  call.input(1).as<decltype(right)>().data(), reinterpret_cast<uint32_t*>(c));
      return {};
    });
  });
}

}  // namespace

extern const Operator kMsMatMulInteger16 = {
    .domain = "com.microsoft",
    .name = "MatMulInteger16",
    .versions = {1},
    .inputs = {2, 2},
    .infer =
        [](Inference& node) {
          const bool known =
              node.dtype(0) != DType::kUndefined && node.dtype(1) != DType::kUndefined;
          node.set(0, known ? result_type(node.dtype(0), node.dtype(1)) : DType::kUndefined,
                   infer_product(node, 0, {}, 1, {}));
        },
    .create = make_function<run>};

}  // namespace escuta::ops
