#include "compare_datums.h"

#include <fmt/format.h>

#include <cmath>

#include "builder.h"

namespace escuta::fuzz {
namespace {

std::string difference_of_tensors(const Datum& a, const Datum& b, double tolerance) {
  if (a.dtype() != b.dtype() || !(a.shape() == b.shape())) {
    return fmt::format("{} {} and {} {}", dtype_name(a.dtype()), a.shape().to_string(),
                       dtype_name(b.dtype()), b.shape().to_string());
  }
  if (a.dtype() == DType::kString) {
    const auto x = a.as<std::string>(), y = b.as<std::string>();
    for (size_t i = 0; i < x.size(); ++i) {
      if (x[i] != y[i]) return fmt::format("element {}: \"{}\" and \"{}\"", i, x[i], y[i]);
    }
    return "";
  }
  for (int64_t i = 0; i < a.count(); ++i) {
    const double x = element(a, i), y = element(b, i);
    if (x == y || (std::isnan(x) && std::isnan(y)) || std::fabs(x - y) <= tolerance) continue;
    return fmt::format("element {}: {:.9g} and {:.9g}, may be {:.2g} apart", i, x, y, tolerance);
  }
  return "";
}

}  // namespace

std::string difference(const Datum& a, const Datum& b, double tolerance) {
  if (a.kind() != b.kind()) return "values of two kinds";
  if (a.is_tensor()) return difference_of_tensors(a, b, tolerance);
  if (a.kind() != Datum::Kind::kSequence) return "";
  const auto &x = a.sequence().items, &y = b.sequence().items;
  if (x.size() != y.size()) return fmt::format("{} items and {}", x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const std::string found = difference(x[i], y[i], tolerance);
    if (!found.empty()) return fmt::format("item {}: {}", i, found);
  }
  return "";
}

}  // namespace escuta::fuzz
