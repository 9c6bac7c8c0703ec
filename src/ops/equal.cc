#include "ops/binary.h"

namespace escuta::ops {
namespace {

using Comparable = Types<float, double, Float16, BFloat16, int8_t, int16_t, int32_t, int64_t,
                         uint8_t, uint16_t, uint32_t, uint64_t, bool, std::string>;

}  // namespace

extern const Operator kEqual =
    binary_bool<[](const auto& a, const auto& b) { return a == b; }, Comparable>(
        "Equal", {1, 7, 11, 13, 19});

}  // namespace escuta::ops
