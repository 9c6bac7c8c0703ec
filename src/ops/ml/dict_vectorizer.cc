// DictVectorizer (ai.onnx.ml 1): the values of a map at the places that a vocabulary gives their
// keys, 0 elsewhere; shape [1, N], as in ONNX Runtime.
#include <algorithm>
#include <unordered_map>

#include "ops/check_kind.h"
#include "ops/dispatch.h"
#include "ops/elements.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// A word may be in the vocabulary twice: the value then stands at each of its places.
template <typename K>
void place_values(const Map& map, const std::vector<K>& vocabulary, std::byte* dst) {
  std::unordered_map<K, int64_t> places;
  for (const K& key : map.keys.as<K>()) places.emplace(key, static_cast<int64_t>(places.size()));
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    const auto found = places.find(vocabulary[i]);
    if (found == places.end()) continue;
    copy_elements(map.values.dtype(), map.values.bytes(), found->second, dst,
                  static_cast<int64_t>(i), 1);
  }
}

class DictVectorizer final : public Kernel {
 public:
  explicit DictVectorizer(const NodeInfo& node)
      : strings_(node.texts("string_vocabulary")), integers_(node.integers("int64_vocabulary")) {
    if (strings_.empty() == integers_.empty()) {
      node.fail(
          invalid_argument("expected one of `string_vocabulary` and `int64_vocabulary`, found {}",
                           strings_.empty() ? "none" : "both"));
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_map(call, 0));
    const Map& map = call.input(0).map();
    const DType expected = strings_.empty() ? DType::kInt64 : DType::kString;
    if (map.keys.dtype() != expected || map.values.count() != map.keys.count()) {
      return invalid_argument("expected a map from {} as the vocabulary is, found one from {}",
                              dtype_name(expected), dtype_name(map.keys.dtype()));
    }
    const DType dtype = map.values.dtype();
    const auto count = static_cast<int64_t>(std::max(strings_.size(), integers_.size()));
    ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, dtype, Shape({1, count})));
    clear_elements(dtype, dst, count);
    if (strings_.empty()) {
      place_values(map, integers_, dst);
    } else {
      place_values(map, strings_, dst);
    }
    return {};
  }

 private:
  std::vector<std::string> strings_;
  std::vector<int64_t> integers_;
};

void infer(Inference& node) {
  const size_t count =
      std::max(node.texts("string_vocabulary").size(), node.integers("int64_vocabulary").size());
  const graph::TypePtr& type = node.input(0).other;
  const bool known =
      type != nullptr && type->kind == onnx::TypeDef::Kind::kMap && type->element != nullptr;
  node.set(0, known ? type->element->dtype : DType::kUndefined,
           Dims{Dim(int64_t{1}), Dim(static_cast<int64_t>(count))});
}

}  // namespace

extern const Operator kMlDictVectorizer = {.domain = "ai.onnx.ml",
                                           .name = "DictVectorizer",
                                           .versions = {1},
                                           .inputs = {1, 1},
                                           .infer = infer,
                                           .create = make<DictVectorizer>};

}  // namespace escuta::ops
