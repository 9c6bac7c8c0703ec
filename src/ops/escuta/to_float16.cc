// ToFloat16 (escuta 1): floats rounded to float16, nearest, ties to even. What is beyond its range,
// infinity too, becomes the largest number of its sign, so that no sum turns into NaN that was none
// before. What keep_as_float16 puts before a state.
#include <algorithm>

#include "ops/operator.h"
#include "tensor/float16.h"

namespace escuta::ops {
namespace {

constexpr float kMost = 65504;

Status run(Call& call) {
  if (call.dtype(0) != DType::kFloat) {
    return invalid_argument("expected float, found {}", dtype_name(call.dtype(0)));
  }
  const Shape shape = call.shape(0);
  const auto src = call.input(0).as<float>();
  ASSIGN_OR_RETURN(std::byte * bytes, call.allocate(0, DType::kFloat16, shape));
  auto* dst = reinterpret_cast<uint16_t*>(bytes);
  for (size_t i = 0; i < src.size(); ++i) dst[i] = float_to_half(std::clamp(src[i], -kMost, kMost));
  return {};
}

void infer(Inference& node) { node.set(0, DType::kFloat16, node.shape(0)); }

}  // namespace

extern const Operator kEscutaToFloat16 = {.domain = "escuta",
                                          .name = "ToFloat16",
                                          .versions = {1},
                                          .inputs = {1, 1},
                                          .infer = infer,
                                          .create = make_function<run>,
                                          .tolerance = Tolerance::kExact};

}  // namespace escuta::ops
