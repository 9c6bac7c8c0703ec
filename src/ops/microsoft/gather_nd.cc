#include "ops/microsoft/standard.h"

namespace escuta::ops {

extern const Operator kGatherND;

extern const Operator kMsGatherND = {.domain = "com.microsoft",
                                     .name = "GatherND",
                                     .versions = {1},
                                     .inputs = {2, 2},
                                     .infer = infer_as<kGatherND, 11>,
                                     .create = create_as<kGatherND, 11>};

}  // namespace escuta::ops
