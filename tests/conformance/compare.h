// Whether a value is the one that a test expects.
//
// Numbers are compared as numpy.testing.assert_allclose does, whatever their type:
// |found - expected| <= atol + rtol * |expected|, NaN equals NaN, an infinity equals itself; types
// of less than a byte and 8- and 16-bit floats are decoded first. Strings and booleans are equal or
// not. Element types and shapes must be the same, and so must the lengths of sequences and the keys
// of maps. Any thread.
#pragma once

#include <string>

#include "tensor/datum.h"

namespace escuta::conformance {

// What onnx.backend.test allows; none of its cases asks for more.
struct Tolerance {
  double rtol = 1e-3;
  double atol = 1e-7;
};

// "" when `found` is as expected, else what differs first, and by how much at most: "[2, 0]:
// expected 1.5, found 1.75 (3 of 12 elements differ; at most 0.25 absolute, 0.166 relative)".
std::string difference(const Datum& expected, const Datum& found, const Tolerance& tolerance);

}  // namespace escuta::conformance
