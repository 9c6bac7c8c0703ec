#include "passes/match.h"

#include <cmath>
#include <cstring>
#include <memory>

#include "tensor/element.h"

namespace escuta::passes {

using graph::Attribute;
using graph::kNoNode;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::Rewriter;
using graph::Value;
using graph::ValueId;
using Type = onnx::AttributeDef::Type;

namespace {

// Bytes may stand at any address.
template <typename T>
T element(const graph::Constant& constant, size_t i) {
  T value;
  std::memcpy(&value, constant.bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

bool has_bytes(const graph::Constant* constant) {
  return constant != nullptr && constant->dtype != DType::kString &&
         (constant->shape.count() == 0 || !constant->bytes.empty());
}

}  // namespace

std::optional<double> number_of(const Value& value) {
  const graph::Constant* constant = value.fact.constant.get();
  if (!has_bytes(constant) || constant->shape.count() != 1) return std::nullopt;
  switch (constant->dtype) {
    case DType::kFloat:
      return element<float>(*constant, 0);
    case DType::kDouble:
      return element<double>(*constant, 0);
    case DType::kFloat16:
      return static_cast<float>(element<Float16>(*constant, 0));
    case DType::kBfloat16:
      return static_cast<float>(element<BFloat16>(*constant, 0));
    default:
      return std::nullopt;
  }
}

std::optional<std::vector<int64_t>> integers_of(const Value& value) {
  const graph::Constant* constant = value.fact.constant.get();
  if (!has_bytes(constant) || constant->shape.rank() > 1) return std::nullopt;
  std::vector<int64_t> result(static_cast<size_t>(constant->shape.count()));
  for (size_t i = 0; i < result.size(); ++i) {
    if (constant->dtype == DType::kInt64) {
      result[i] = element<int64_t>(*constant, i);
    } else if (constant->dtype == DType::kInt32) {
      result[i] = element<int32_t>(*constant, i);
    } else {
      return std::nullopt;
    }
  }
  return result;
}

bool is_float_vector(const Value& value, int64_t size) {
  const graph::Constant* constant = value.fact.constant.get();
  return constant != nullptr && constant->dtype == DType::kFloat && constant->shape.rank() == 1 &&
         constant->shape[0] == size;
}

bool surely_same(const graph::Dim& a, const graph::Dim& b) {
  return a == b && (a.is_known() || !a.symbol().empty());
}

bool surely_same(const std::optional<Dims>& a, const std::optional<Dims>& b) {
  if (!a || !b || a->size() != b->size()) return false;
  for (size_t i = 0; i < a->size(); ++i) {
    if (!surely_same((*a)[i], (*b)[i])) return false;
  }
  return true;
}

bool is_binary(const Rewriter& rewriter, NodeId id, std::string_view op_type) {
  if (id == kNoNode || rewriter.removed(id)) return false;
  const Node& node = rewriter.node(id);
  return node.op_type == op_type && node.domain.empty() && node.attributes.empty() &&
         node.inputs.size() == 2 && node.outputs.size() == 1;
}

ValueId other_operand(const Node& node, ValueId operand) {
  if (node.inputs[0] == operand) return node.inputs[1] == operand ? kNoValue : node.inputs[1];
  return node.inputs[0];
}

std::optional<Scaled> scaled(const Rewriter& rewriter, NodeId id) {
  const bool divides = is_binary(rewriter, id, "Div");
  if (!divides && !is_binary(rewriter, id, "Mul")) return std::nullopt;
  const Node& node = rewriter.node(id);
  for (const size_t i : {1, 0}) {
    if (divides && i == 0) break;
    const Value& by = rewriter.value(node.inputs[i]);
    const Value& x = rewriter.value(node.inputs[1 - i]);
    const std::optional<double> number = number_of(by);
    if (!number || !std::isfinite(*number) || (divides && *number == 0)) continue;
    // A number of higher rank than x would add dimensions.
    const size_t rank = x.fact.shape ? x.fact.shape->size() : 0;
    if (static_cast<size_t>(by.fact.constant->shape.rank()) > rank) continue;
    return Scaled{node.inputs[1 - i], divides ? 1 / *number : *number};
  }
  return std::nullopt;
}

bool is_near(const Value& value, double number) {
  const std::optional<double> found = number_of(value);
  if (!found) return false;
  const bool half = value.fact.dtype == DType::kFloat16 || value.fact.dtype == DType::kBfloat16;
  const double rounding = value.fact.dtype == DType::kBfloat16 ? 4e-3 : half ? 5e-4 : 1e-6;
  return std::abs(*found - number) <= rounding * std::abs(number);
}

ValueId beside(const Rewriter& rewriter, NodeId id, double number) {
  const Node& node = rewriter.node(id);
  for (const size_t i : {1, 0}) {
    const Value& constant = rewriter.value(node.inputs[i]);
    const ValueId x = node.inputs[1 - i];
    const auto& shape = rewriter.value(x).fact.shape;
    const size_t rank = shape ? shape->size() : 0;
    if (is_near(constant, number) &&
        static_cast<size_t>(constant.fact.constant->shape.rank()) <= rank) {
      return x;
    }
  }
  return kNoValue;
}

Attribute make_attribute(std::string name, int64_t value) {
  return {.name = std::move(name), .type = Type::kInt, .value = value, .ref_attr_name = {}};
}

Attribute make_attribute(std::string name, float value) {
  return {.name = std::move(name), .type = Type::kFloat, .value = value, .ref_attr_name = {}};
}

Attribute make_attribute(std::string name, std::string value) {
  return {.name = std::move(name),
          .type = Type::kString,
          .value = std::move(value),
          .ref_attr_name = {}};
}

Attribute make_attribute(std::string name, std::vector<int64_t> value) {
  return {
      .name = std::move(name), .type = Type::kInts, .value = std::move(value), .ref_attr_name = {}};
}

ValueId add_ints(Rewriter& rewriter, std::string_view hint, const std::vector<int64_t>& values) {
  auto owner = std::make_shared<const std::vector<int64_t>>(values);
  auto constant = std::make_shared<graph::Constant>();
  constant->dtype = DType::kInt64;
  constant->shape = Shape{static_cast<int64_t>(values.size())};
  constant->bytes = std::as_bytes(std::span(*owner));
  constant->owner = std::move(owner);
  return rewriter.add_constant(hint, std::move(constant));
}

ValueId add_node_like(Rewriter& rewriter, Node node, ValueId like) {
  graph::Fact fact = rewriter.value(like).fact;
  fact.constant = nullptr;
  const ValueId output =
      rewriter.add_value(std::string(rewriter.value(like).name), std::move(fact));
  if (node.outputs.empty()) node.outputs.resize(1);
  node.outputs[0] = output;
  rewriter.add_node(std::move(node));
  return output;
}

bool put_node(Rewriter& rewriter, Node node, ValueId like) {
  return rewriter.replace(like, add_node_like(rewriter, std::move(node), like));
}

}  // namespace escuta::passes
