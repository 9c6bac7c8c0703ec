#include "ops/node_info.h"

namespace escuta::ops {

const graph::Fact& NodeInfo::input(size_t i) const {
  static const graph::Fact nothing;
  return has_input(i) ? *inputs_[i] : nothing;
}

std::optional<int> NodeInfo::rank(size_t i) const {
  const graph::Fact& fact = input(i);
  if (!fact.shape) return std::nullopt;
  return static_cast<int>(fact.shape->size());
}

std::optional<std::vector<int64_t>> NodeInfo::constant_ints(size_t i) const {
  const graph::ConstantPtr& constant = input(i).constant;
  if (constant == nullptr) return std::nullopt;
  const TensorView view = constant->view();
  if (view.dtype == DType::kInt64) {
    const auto values = view.as<int64_t>();
    if (static_cast<int64_t>(values.size()) != view.shape.count()) return std::nullopt;
    return std::vector<int64_t>(values.begin(), values.end());
  }
  if (view.dtype == DType::kInt32) {
    const auto values = view.as<int32_t>();
    if (static_cast<int64_t>(values.size()) != view.shape.count()) return std::nullopt;
    return std::vector<int64_t>(values.begin(), values.end());
  }
  return std::nullopt;
}

template <typename T>
const T* NodeInfo::typed(std::string_view name, std::string_view expected) const {
  const graph::Attribute* attribute = node_.attribute(name);
  if (attribute == nullptr) return nullptr;
  const T* value = std::get_if<T>(&attribute->value);
  if (value == nullptr) {
    fail(invalid_argument("attribute `{}`: expected {}, found another type", name, expected));
  }
  return value;
}

int64_t NodeInfo::integer(std::string_view name, int64_t absent) const {
  const auto* value = typed<int64_t>(name, "an integer");
  return value == nullptr ? absent : *value;
}

float NodeInfo::number(std::string_view name, float absent) const {
  const auto* value = typed<float>(name, "a float");
  return value == nullptr ? absent : *value;
}

std::string NodeInfo::text(std::string_view name, std::string_view absent) const {
  const auto* value = typed<std::string>(name, "a string");
  return value == nullptr ? std::string(absent) : *value;
}

std::vector<int64_t> NodeInfo::integers(std::string_view name, std::vector<int64_t> absent) const {
  const auto* value = typed<std::vector<int64_t>>(name, "integers");
  return value == nullptr ? std::move(absent) : *value;
}

std::vector<float> NodeInfo::numbers(std::string_view name, std::vector<float> absent) const {
  const auto* value = typed<std::vector<float>>(name, "floats");
  return value == nullptr ? std::move(absent) : *value;
}

std::vector<std::string> NodeInfo::texts(std::string_view name) const {
  const auto* value = typed<std::vector<std::string>>(name, "strings");
  return value == nullptr ? std::vector<std::string>() : *value;
}

graph::ConstantPtr NodeInfo::tensor(std::string_view name) const {
  const auto* value = typed<graph::ConstantPtr>(name, "a tensor");
  return value == nullptr ? nullptr : *value;
}

graph::GraphPtr NodeInfo::graph(std::string_view name) const {
  const auto* value = typed<graph::GraphPtr>(name, "a graph");
  return value == nullptr ? nullptr : *value;
}

DType NodeInfo::dtype_attribute(std::string_view name, DType absent) const {
  const auto* value = typed<int64_t>(name, "an integer (an element type)");
  if (value == nullptr) return absent;
  Result<DType> dtype = dtype_from_onnx(*value);
  if (!dtype.ok()) {
    fail(dtype.status().with_context(name));
    return absent;
  }
  return *dtype;
}

int NodeInfo::body(std::string_view name) const {
  int index = 0;
  for (const graph::Attribute& attribute : node_.attributes) {
    if (!std::holds_alternative<graph::GraphPtr>(attribute.value)) continue;
    if (attribute.name == name) return index;
    ++index;
  }
  return -1;
}

void NodeInfo::fail(Status status) const {
  if (status_.ok()) status_ = std::move(status);
}

}  // namespace escuta::ops
