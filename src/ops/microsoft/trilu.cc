#include "ops/microsoft/standard.h"

namespace escuta::ops {

extern const Operator kTrilu;

extern const Operator kMsTrilu = {.domain = "com.microsoft",
                                  .name = "Trilu",
                                  .versions = {1},
                                  .inputs = {1, 2},
                                  .infer = infer_as<kTrilu, 14>,
                                  .create = create_as<kTrilu, 14>};

}  // namespace escuta::ops
