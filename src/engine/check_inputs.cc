#include "engine/check_inputs.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace escuta::engine {
namespace {

bool shape_fits(const IoInfo& io, const Shape& shape) {
  if (static_cast<size_t>(shape.rank()) != io.dims.size()) return false;
  for (size_t axis = 0; axis < io.dims.size(); ++axis) {
    if (io.dims[axis] >= 0 && io.dims[axis] != shape[static_cast<int>(axis)]) return false;
  }
  return true;
}

Status check_input(const IoInfo& io, const Value& value) {
  if (!value) {
    if (io.optional) return Status();
    return invalid_argument("input `{}`: expected {}, found none", io.name, describe(io));
  }
  if (io.dtype == DType::kUndefined || io.dtype == DType::kString) {
    return unimplemented("input `{}`: expected a model whose inputs are tensors of numbers",
                         io.name);
  }
  if (value.dtype() != io.dtype || !shape_fits(io, value.shape())) {
    return invalid_argument("input `{}`: expected {}, found {} {}", io.name, describe(io),
                            dtype_name(value.dtype()), value.shape().to_string());
  }
  return Status();
}

}  // namespace

std::string describe(const IoInfo& io) {
  if (io.dtype == DType::kUndefined) return "something other than a tensor";
  std::vector<std::string> dims;
  for (size_t axis = 0; axis < io.dims.size(); ++axis) {
    const std::string symbol = axis < io.symbols.size() ? io.symbols[axis] : "";
    dims.push_back(io.dims[axis] >= 0 ? std::to_string(io.dims[axis])
                                      : (symbol.empty() ? "?" : symbol));
  }
  return fmt::format("{} [{}]", dtype_name(io.dtype), fmt::join(dims, ", "));
}

Status check_run(std::span<const IoInfo> inputs, std::span<const IoInfo> outputs,
                 std::span<const Value> values, std::span<const bool> wanted) {
  if (values.size() != inputs.size()) {
    return invalid_argument("expected {} inputs, found {}", inputs.size(), values.size());
  }
  if (!wanted.empty() && wanted.size() != outputs.size()) {
    return invalid_argument("expected a choice among {} outputs, found one among {}",
                            outputs.size(), wanted.size());
  }
  if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), true) == wanted.end()) {
    return invalid_argument("expected at least one wanted output, found none");
  }
  for (size_t i = 0; i < inputs.size(); ++i) RETURN_IF_ERROR(check_input(inputs[i], values[i]));
  return Status();
}

}  // namespace escuta::engine
