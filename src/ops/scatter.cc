// Scatter (ai.onnx 9, 11): the old name of ScatterElements.
#include "ops/scatter_elements.h"

namespace escuta::ops {

extern const Operator kScatter = {.domain = "",
                                  .name = "Scatter",
                                  .versions = {9, 11},
                                  .inputs = {3, 3},
                                  .infer = infer_scatter_elements,
                                  .create = create_scatter_elements};

}  // namespace escuta::ops
