// Nodes that compute the same from the same -> one of them.
#include <cstring>
#include <unordered_map>

#include "ops/resolve.h"
#include "passes/match.h"
#include "passes/pass.h"

namespace escuta::passes {
namespace {

using graph::kNoNode;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

constexpr size_t kShortConstant = 256;  // bytes that are compared; longer ones by identity

void append(std::string& key, const void* data, size_t bytes) {
  key.append(std::to_string(bytes)).push_back(':');
  key.append(static_cast<const char*>(data), bytes);
}
void append(std::string& key, std::string_view text) { append(key, text.data(), text.size()); }
template <typename T>
void append_all(std::string& key, const std::vector<T>& values) {
  append(key, values.data(), values.size() * sizeof(T));
}

void append(std::string& key, const graph::ConstantPtr& constant) {
  if (constant->dtype == DType::kString || constant->bytes.size() > kShortConstant ||
      (constant->bytes.empty() && constant->shape.count() > 0)) {
    const void* address = constant.get();
    append(key, &address, sizeof address);
    return;
  }
  key += std::to_string(static_cast<int>(constant->dtype)) + constant->shape.to_string();
  append(key, constant->bytes.data(), constant->bytes.size());
}

// False for attributes that are not compared.
bool append(std::string& key, const graph::Attribute& attribute) {
  append(key, attribute.name);
  key += std::to_string(attribute.value.index());
  if (const auto* f = std::get_if<float>(&attribute.value)) {
    append(key, f, sizeof *f);
  } else if (const auto* i = std::get_if<int64_t>(&attribute.value)) {
    append(key, i, sizeof *i);
  } else if (const auto* s = std::get_if<std::string>(&attribute.value)) {
    append(key, *s);
  } else if (const auto* tensor = std::get_if<graph::ConstantPtr>(&attribute.value)) {
    append(key, *tensor);
  } else if (const auto* floats = std::get_if<std::vector<float>>(&attribute.value)) {
    append_all(key, *floats);
  } else if (const auto* ints = std::get_if<std::vector<int64_t>>(&attribute.value)) {
    append_all(key, *ints);
  } else if (const auto* texts = std::get_if<std::vector<std::string>>(&attribute.value)) {
    for (const std::string& text : *texts) append(key, text);
  } else {
    return false;
  }
  return true;
}

class Finder {
 public:
  Finder(const graph::Model& model, graph::Graph& graph) : model_(model), rewriter_(graph) {}

  Status run() {
    const size_t count = rewriter_.graph().nodes().size();
    for (size_t i = 0; i < count; ++i) find(static_cast<NodeId>(i));
    return rewriter_.finish();
  }

 private:
  // Equal keys: equal results. "" for nodes that are like no other.
  std::string key_of(const Node& node) const {
    const auto resolved = ops::resolve(model_, node);
    if (!resolved.ok() || resolved->op->tolerance == ops::Tolerance::kRandom) return "";
    std::string key;
    for (const std::string* text : {&node.op_type, &node.domain, &node.overload}) {
      append(key, *text);
    }
    key += std::to_string(resolved->version) + "/" + std::to_string(node.outputs.size());
    for (const ValueId input : node.inputs) {
      const auto& constant = input == kNoValue ? nullptr : rewriter_.value(input).fact.constant;
      if (constant != nullptr) {
        key += "=";
        append(key, constant);
      } else {
        key += "," + std::to_string(input);
      }
    }
    for (const graph::Attribute& attribute : node.attributes) {
      if (!append(key, attribute)) return "";
    }
    return key;
  }

  void find(NodeId id) {
    const Node& node = rewriter_.node(id);
    std::string key = key_of(node);
    if (key.empty()) return;
    const auto [place, fresh] = known_.emplace(std::move(key), id);
    if (fresh) return;
    const std::vector<ValueId> outputs = node.outputs;
    const std::vector<ValueId> others = rewriter_.node(place->second).outputs;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i] != kNoValue && others[i] != kNoValue) rewriter_.replace(outputs[i], others[i]);
    }
  }

  const graph::Model& model_;
  graph::Rewriter rewriter_;
  std::unordered_map<std::string, NodeId> known_;
};

}  // namespace

Status common_subexpressions(graph::Model& model) {
  return for_each_graph(model, [&](graph::Graph& graph) { return Finder(model, graph).run(); });
}

}  // namespace escuta::passes
