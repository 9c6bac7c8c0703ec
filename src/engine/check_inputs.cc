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
  // Not a tensor, or of a type that the model does not tell: its operators will say.
  if (io.dtype == DType::kUndefined) return Status();
  const bool tensor = value.storage() != nullptr || value.datum().is_tensor();
  if (!tensor || value.dtype() != io.dtype || (io.ranked && !shape_fits(io, value.shape()))) {
    return invalid_argument("input `{}`: expected {}, found {} {}", io.name, describe(io),
                            dtype_name(value.dtype()), value.shape().to_string());
  }
  return Status();
}

IoInfo info_of(const graph::Value& value) {
  IoInfo info;
  info.name = value.name;
  info.dtype = value.fact.dtype;
  info.ranked = value.fact.shape.has_value();
  if (value.fact.other != nullptr) {
    info.other = graph::type_to_string(*value.fact.other);
    info.optional = value.fact.other->kind == onnx::TypeDef::Kind::kOptional;
  }
  if (!info.ranked) return info;
  for (const graph::Dim& dim : *value.fact.shape) {
    info.dims.push_back(dim.is_known() ? dim.value() : -1);
    info.symbols.push_back(dim.symbol());
  }
  return info;
}

}  // namespace

std::vector<IoInfo> input_infos(const graph::Graph& graph) {
  std::vector<IoInfo> infos;
  for (const graph::ValueId id : graph.inputs) infos.push_back(info_of(graph.value(id)));
  for (const graph::ValueId id : graph.optional_inputs) {
    infos.push_back(info_of(graph.value(id)));
    infos.back().optional = true;
  }
  return infos;
}

std::vector<IoInfo> output_infos(const graph::Graph& graph) {
  std::vector<IoInfo> infos;
  for (const graph::ValueId id : graph.outputs) infos.push_back(info_of(graph.value(id)));
  return infos;
}

std::string describe(const IoInfo& io) {
  if (io.dtype == DType::kUndefined) return io.other.empty() ? "any value" : io.other;
  if (!io.ranked) return std::string(dtype_name(io.dtype)) + " [...]";
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
