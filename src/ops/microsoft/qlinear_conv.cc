// QLinearConv (com.microsoft 1): that of ai.onnx, with `channels_last` for input and result.
#include "ops/operator.h"
#include "ops/quantized_conv.h"

namespace escuta::ops {

extern const Operator kMsQLinearConv = {.domain = "com.microsoft",
                                        .name = "QLinearConv",
                                        .versions = {1},
                                        .inputs = {8, 9},
                                        .infer = infer_qlinear_conv,
                                        .create = make<QLinearConv>,
                                        .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
