#include "compare.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/printable.h"
#include "element_value.h"

namespace escuta::conformance {
namespace {

using Complex = std::complex<Real>;

const char* kind_name(Datum::Kind kind) {
  switch (kind) {
    case Datum::Kind::kNone:
      return "nothing";
    case Datum::Kind::kTensor:
      return "a tensor";
    case Datum::Kind::kSequence:
      return "a sequence";
    case Datum::Kind::kMap:
      return "a map";
  }
  return "";
}

// "[2, 0]": where in a tensor its element `index` is.
std::string place(const Shape& shape, int64_t index) {
  std::vector<int64_t> position(static_cast<size_t>(shape.rank()));
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    position[static_cast<size_t>(axis)] = index % shape[axis];
    index /= shape[axis];
  }
  return fmt::format("[{}]", fmt::join(position, ", "));
}

std::string to_text(const Complex& value) {
  const auto real = [](Real part) { return fmt::format("{:.9g}", part); };
  return value.imag() == 0 ? real(value.real())
                           : fmt::format("{}{:+.9g}i", real(value.real()), value.imag());
}

bool same_special(Real a, Real b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// How far two numbers are apart: 0 where they are equal or both NaN.
Real distance(const Complex& expected, const Complex& found) {
  if (same_special(expected.real(), found.real()) && same_special(expected.imag(), found.imag())) {
    return 0;
  }
  const Real apart = std::abs(found - expected);
  return std::isnan(apart) ? std::numeric_limits<Real>::infinity() : apart;
}

std::string numbers_differ(const Datum& expected, const Datum& found, const Tolerance& tolerance) {
  int64_t count = 0;
  std::string first;
  Real absolute = 0, relative = 0;
  const Real atol = tolerance.atol, rtol = tolerance.rtol;
  for (int64_t i = 0; i < expected.count(); ++i) {
    const Complex want = element_value(expected.dtype(), expected.bytes(), i);
    const Complex have = element_value(found.dtype(), found.bytes(), i);
    const Real apart = distance(want, have);
    const Real size = std::abs(want);
    absolute = std::max(absolute, apart);
    if (apart > 0) relative = std::max(relative, apart / size);
    if (apart == 0 || (std::isfinite(apart) && apart <= atol + rtol * size)) continue;
    if (count++ == 0) {
      first = fmt::format("{}: expected {}, found {}", place(expected.shape(), i), to_text(want),
                          to_text(have));
    }
  }
  if (count == 0) return "";
  return fmt::format("{} ({} of {} elements differ; at most {:.3g} absolute, {:.3g} relative)",
                     first, count, expected.count(), absolute, relative);
}

std::string strings_differ(const Datum& expected, const Datum& found) {
  const auto want = expected.as<std::string>();
  const auto have = found.as<std::string>();
  const auto [a, b] = std::mismatch(want.begin(), want.end(), have.begin());
  if (a == want.end()) return "";
  return fmt::format("{}: expected `{}`, found `{}`", place(expected.shape(), a - want.begin()),
                     printable(*a), printable(*b));
}

std::string tensors_differ(const Datum& expected, const Datum& found, const Tolerance& tolerance) {
  if (expected.dtype() != found.dtype() || expected.shape() != found.shape()) {
    return fmt::format("expected {} {}, found {} {}", dtype_name(expected.dtype()),
                       expected.shape().to_string(), dtype_name(found.dtype()),
                       found.shape().to_string());
  }
  return expected.dtype() == DType::kString ? strings_differ(expected, found)
                                            : numbers_differ(expected, found, tolerance);
}

std::string sequences_differ(const Sequence& expected, const Sequence& found,
                             const Tolerance& tolerance) {
  if (expected.items.size() != found.items.size()) {
    return fmt::format("expected a sequence of {}, found one of {}", expected.items.size(),
                       found.items.size());
  }
  for (size_t i = 0; i < expected.items.size(); ++i) {
    const std::string differs = difference(expected.items[i], found.items[i], tolerance);
    if (!differs.empty()) return fmt::format("item {}: {}", i, differs);
  }
  return "";
}

// Keys in any order would be a matter of the implementation; ONNX's maps come sorted from all.
std::string maps_differ(const Map& expected, const Map& found, const Tolerance& tolerance) {
  const std::string keys = difference(expected.keys, found.keys, {0, 0});
  if (!keys.empty()) return "keys: " + keys;
  const std::string values = difference(expected.values, found.values, tolerance);
  return values.empty() ? "" : "values: " + values;
}

}  // namespace

std::string difference(const Datum& expected, const Datum& found, const Tolerance& tolerance) {
  if (expected.kind() != found.kind()) {
    return fmt::format("expected {}, found {}", kind_name(expected.kind()),
                       kind_name(found.kind()));
  }
  switch (expected.kind()) {
    case Datum::Kind::kNone:
      return "";
    case Datum::Kind::kTensor:
      return tensors_differ(expected, found, tolerance);
    case Datum::Kind::kSequence:
      return sequences_differ(expected.sequence(), found.sequence(), tolerance);
    case Datum::Kind::kMap:
      return maps_differ(expected.map(), found.map(), tolerance);
  }
  return "";
}

}  // namespace escuta::conformance
