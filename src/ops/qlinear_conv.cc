// QLinearConv (ai.onnx 10): convolution of quantised tensors, the result quantised again.
#include "ops/operator.h"
#include "ops/quantized_conv.h"

namespace escuta::ops {

extern const Operator kQLinearConv = {.domain = "",
                                      .name = "QLinearConv",
                                      .versions = {10},
                                      .inputs = {8, 9},
                                      .infer = infer_qlinear_conv,
                                      .create = make<QLinearConv>,
                                      .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
