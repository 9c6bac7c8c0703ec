#include "ort_limits.h"

#include <algorithm>

namespace escuta::fuzz {
namespace {

const std::vector<OrtLimit>& limits() {
  static const std::vector<OrtLimit> all = {
#include "ort_limits.inc"
  };
  return all;
}

}  // namespace

const OrtLimit* find_ort_limit(const Node& node, int opset,
                               const std::vector<const Made*>& inputs) {
  for (const OrtLimit& limit : limits()) {
    if (limit.op != node.op || limit.domain != node.domain) continue;
    if (opset < limit.since || opset > limit.until) continue;
    const auto& set = node.attributes;
    const bool has = std::any_of(set.begin(), set.end(), [&](const onnx::AttributeDef& a) {
      return a.name == limit.attribute;
    });
    if (*limit.attribute != 0 && !has) continue;
    const auto at = static_cast<size_t>(limit.input);
    const Made* made = at < inputs.size() ? inputs[at] : nullptr;
    const auto& types = limit.types;
    if (types.empty()) return &limit;
    if (made == nullptr) continue;
    if (std::find(types.begin(), types.end(), made->dtype()) != types.end()) return &limit;
  }
  return nullptr;
}

}  // namespace escuta::fuzz
