// Whether two engines gave the same.
#pragma once

#include <string>

#include "tensor/datum.h"

namespace escuta::fuzz {

// "" where elements are at most `tolerance` apart, and type, shape and kind are the same; else
// what differs.
std::string difference(const Datum& a, const Datum& b, double tolerance);

}  // namespace escuta::fuzz
