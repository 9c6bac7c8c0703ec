// MatMulInteger (ai.onnx 10): sums are modulo 2^32.
#include "ops/quantized_product.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  for (size_t i = 0; i < 2; ++i) {
    if (call.dtype(i) != DType::kInt8 && call.dtype(i) != DType::kUint8) {
      return unimplemented("expected int8 or uint8, found {}", dtype_name(call.dtype(i)));
    }
  }
  ASSIGN_OR_RETURN(const MatMulShape plan, MatMulShape::create(call.shape(0), call.shape(1)));
  const int64_t rows = plan.rows, depth = plan.depth, columns = plan.columns;
  ASSIGN_OR_RETURN(int32_t * dst, call.output<int32_t>(0, plan.result));
  ASSIGN_OR_RETURN(const uint32_t* a, centred<uint32_t>(call, 0, 2, true, rows, depth));
  ASSIGN_OR_RETURN(const uint32_t* b, centred<uint32_t>(call, 1, 3, false, columns, depth));
  Status status;
  plan.batch.for_each_run([&](int64_t at, int64_t count, const auto& src, const auto& steps) {
    for (int64_t i = 0; i < count && status.ok(); ++i) {
      multiply(a + (src[0] + i * steps[0]) * rows * depth, depth, 1,
               b + (src[1] + i * steps[1]) * depth * columns,
               reinterpret_cast<uint32_t*>(dst) + (at + i) * rows * columns, rows, depth, columns);
      status = call.check_cancelled();
    }
  });
  return status;
}

void infer(Inference& node) {
  node.set(0, DType::kInt32, matmul_dims(node, node.shape(0), node.shape(1)));
}

}  // namespace

extern const Operator kMatMulInteger = {.domain = "",
                                        .name = "MatMulInteger",
                                        .versions = {10},
                                        .inputs = {2, 4},
                                        .infer = infer,
                                        .create = make_function<run>};

}  // namespace escuta::ops
