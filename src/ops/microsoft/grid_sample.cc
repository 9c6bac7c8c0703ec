#include "ops/microsoft/standard.h"

namespace escuta::ops {

extern const Operator kGridSample;

extern const Operator kMsGridSample = {.domain = "com.microsoft",
                                       .name = "GridSample",
                                       .versions = {1},
                                       .inputs = {2, 2},
                                       .infer = infer_as<kGridSample, 16>,
                                       .create = create_as<kGridSample, 16>,
                                       .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
