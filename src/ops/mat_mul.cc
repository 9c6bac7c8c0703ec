// MatMul: numpy.matmul.
#include "ops/check_input.h"
#include "ops/dispatch.h"
#include "ops/operator.h"
#include "ops/product.h"
#include "ops/widened.h"

namespace escuta::ops {
namespace {

template <typename T>
Status loop(Call& call, const MatMulShape& plan) {
  using W = ProductType<T>;
  ASSIGN_OR_RETURN(T * dst, call.output<T>(0, plan.result));
  ASSIGN_OR_RETURN(const W* a, (widened<W>(call, call.input(0).as<T>())));
  ASSIGN_OR_RETURN(const W* b, (widened<W>(call, call.input(1).as<T>())));
  const int64_t size = plan.rows * plan.columns;
  W* products = nullptr;
  if constexpr (!kIsProductType<T>) {
    ASSIGN_OR_RETURN(products, call.scratch_of<W>(size));
  }
  Status status;
  if (size == 0) return status;
  plan.batch.for_each_run([&](int64_t at, int64_t count, const auto& src, const auto& steps) {
    for (int64_t i = 0; i < count && status.ok(); ++i) {
      const W* x = a + (src[0] + i * steps[0]) * plan.rows * plan.depth;
      const W* y = b + (src[1] + i * steps[1]) * plan.depth * plan.columns;
      T* to = dst + (at + i) * size;
      W* into = products;
      if constexpr (kIsProductType<T>) into = reinterpret_cast<W*>(to);
      multiply(x, plan.depth, 1, y, into, plan.rows, plan.depth, plan.columns);
      if constexpr (!kIsProductType<T>) {
        for (int64_t j = 0; j < size; ++j) to[j] = static_cast<T>(products[j]);
      }
      status = call.check_cancelled();
    }
  });
  return status;
}

Status run(Call& call) {
  RETURN_IF_ERROR(check_dtype(call, 1, call.dtype(0)));
  ASSIGN_OR_RETURN(const MatMulShape plan, MatMulShape::create(call.shape(0), call.shape(1)));
  using AllTypes = Types<float, double, Float16, BFloat16, int32_t, int64_t, uint32_t, uint64_t>;
  return dispatch(AllTypes{}, call.dtype(0),
                  [&](auto tag) -> Status { return loop<decltype(tag)>(call, plan); });
}

void infer(Inference& node) {
  node.set(0, node.dtype(0), matmul_dims(node, node.shape(0), node.shape(1)));
}

}  // namespace

extern const Operator kMatMul = {.domain = "",
                                 .name = "MatMul",
                                 .versions = {1, 9, 13},
                                 .inputs = {2, 2},
                                 .infer = infer,
                                 .create = make_function<run>,
                                 .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
