#include <algorithm>
#include <unordered_map>
#include <vector>

#include "ops/operator.h"

namespace escuta::ops {

#define OPERATOR(name, file) extern const Operator k##name;
#include "ops/list.inc"
#undef OPERATOR

std::span<const Operator* const> operators() {
  static const Operator* const all[] = {
#define OPERATOR(name, file) &k##name,
#include "ops/list.inc"
#undef OPERATOR
  };
  return all;
}

const Operator* find_operator(std::string_view domain, std::string_view name) {
  using ByName = std::unordered_multimap<std::string_view, const Operator*>;
  static const ByName by_name = [] {
    ByName map;
    for (const Operator* op : operators()) map.emplace(op->name, op);
    return map;
  }();
  if (domain == "ai.onnx") domain = "";
  const auto [first, last] = by_name.equal_range(name);
  for (auto it = first; it != last; ++it) {
    if (it->second->domain == domain) return it->second;
  }
  return nullptr;
}

}  // namespace escuta::ops
