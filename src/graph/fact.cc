#include "graph/fact.h"

#include <fmt/ranges.h>

namespace escuta::graph {
namespace {

using Kind = onnx::TypeDef::Kind;

std::vector<Dim> dims_of(const std::vector<onnx::DimDef>& defs) {
  std::vector<Dim> dims;
  dims.reserve(defs.size());
  for (const onnx::DimDef& def : defs) {
    const auto* number = std::get_if<int64_t>(&def);
    const auto* symbol = std::get_if<std::string>(&def);
    // Some exporters write -1 for a dimension that they do not know.
    if (number != nullptr && *number >= 0) {
      dims.emplace_back(*number);
    } else if (symbol != nullptr && !symbol->empty()) {
      dims.emplace_back(*symbol);
    } else {
      dims.emplace_back();
    }
  }
  return dims;
}

std::string tensor_to_string(DType dtype, const std::optional<std::vector<Dim>>& shape) {
  std::string text(dtype == DType::kUndefined ? "?" : dtype_name(dtype));
  if (!shape) return text + " [...]";
  std::vector<std::string> dims;
  for (const Dim& dim : *shape) dims.push_back(dim.to_string());
  return fmt::format("{} [{}]", text, fmt::join(dims, ", "));
}

}  // namespace

std::string Dim::to_string() const {
  if (is_known()) return std::to_string(value_);
  return symbol_.empty() ? "?" : symbol_;
}

std::string type_to_string(const onnx::TypeDef& type) {
  const auto element = [&] { return type.element ? type_to_string(*type.element) : "?"; };
  const auto tensor = [&] {
    std::optional<std::vector<Dim>> shape;
    if (type.shape) shape = dims_of(*type.shape);
    return tensor_to_string(type.dtype, shape);
  };
  switch (type.kind) {
    case Kind::kNone:
      return "?";
    case Kind::kTensor:
      return tensor();
    case Kind::kSparseTensor:
      return "sparse " + tensor();
    case Kind::kSequence:
      return "sequence of " + element();
    case Kind::kOptional:
      return "optional " + element();
    case Kind::kMap:
      return fmt::format("map from {} to {}", dtype_name(type.dtype), element());
    case Kind::kOpaque:
      return fmt::format("opaque {}.{}", type.opaque_domain, type.opaque_name);
  }
  return "?";
}

std::string Fact::to_string() const {
  if (other != nullptr) return type_to_string(*other);
  return is_known() ? tensor_to_string(dtype, shape) : "?";
}

Fact Fact::of(ConstantPtr constant) {
  Fact fact;
  fact.dtype = constant->dtype;
  fact.shape.emplace();
  for (const int64_t dim : constant->shape.dims()) fact.shape->emplace_back(dim);
  fact.constant = std::move(constant);
  return fact;
}

Fact Fact::of(const onnx::TypeDef& type) {
  Fact fact;
  if (type.kind == Kind::kTensor) {
    fact.dtype = type.dtype;
    if (type.shape) fact.shape = dims_of(*type.shape);
  } else if (type.kind != Kind::kNone) {
    fact.other = std::make_shared<const onnx::TypeDef>(type);
  }
  return fact;
}

onnx::TypeDef Fact::to_type() const {
  if (other != nullptr) return *other;
  onnx::TypeDef type;
  if (!is_known()) return type;
  type.kind = Kind::kTensor;
  type.dtype = dtype;
  if (shape) {
    type.shape.emplace();
    for (const Dim& dim : *shape) {
      if (dim.is_known()) {
        type.shape->emplace_back(dim.value());
      } else if (!dim.symbol().empty()) {
        type.shape->emplace_back(dim.symbol());
      } else {
        type.shape->emplace_back();
      }
    }
  }
  return type;
}

}  // namespace escuta::graph
