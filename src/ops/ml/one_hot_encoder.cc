// OneHotEncoder (ai.onnx.ml 1): for each element a vector with 1 at its category. Numbers are
// looked up as integers.
#include <algorithm>
#include <unordered_map>

#include "ops/arguments.h"
#include "ops/dispatch.h"
#include "ops/elements.h"
#include "ops/ml/rows.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

constexpr int64_t kUnknown = -1;

template <typename K>
using Index = std::unordered_map<K, int64_t>;

template <typename K>
Index<K> index_of(const std::vector<K>& categories) {
  Index<K> index;
  for (size_t i = 0; i < categories.size(); ++i) {
    index[categories[i]] = static_cast<int64_t>(i);
  }
  return index;
}

template <typename K>
int64_t find(const Index<K>& index, const K& key) {
  const auto found = index.find(key);
  return found == index.end() ? kUnknown : found->second;
}

class OneHotEncoder final : public Kernel {
 public:
  explicit OneHotEncoder(const NodeInfo& node) : zeros_(node.integer("zeros", 1) != 0) {
    const auto integers = node.integers("cats_int64s");
    const auto strings = node.texts("cats_strings");
    if (integers.empty() == strings.empty()) {
      node.fail(invalid_argument("expected one of `cats_int64s` and `cats_strings`, found {}",
                                 integers.empty() ? "none" : "both"));
    }
    count_ = static_cast<int64_t>(std::max(integers.size(), strings.size()));
    integers_ = index_of(integers);
    strings_ = index_of(strings);
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    const Shape& shape = call.shape(0);
    ASSIGN_OR_RETURN(const Shape result, insert_dim(shape, shape.rank(), count_));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, result));
    std::fill_n(dst, result.count(), 0.0f);
    using Taken = Types<float, double, int64_t, int32_t, std::string>;
    return dispatch(Taken{}, call.dtype(0), [&](auto tag) -> Status {
      const auto src = call.input(0).as<decltype(tag)>();
      for (size_t i = 0; i < src.size(); ++i) {
        const int64_t category = look_up(src[i]);
        if (category != kUnknown) {
          dst[static_cast<int64_t>(i) * count_ + category] = 1;
        } else if (!zeros_) {
          return invalid_argument("expected a known category, found another (and `zeros` is 0)");
        }
      }
      return {};
    });
  }

 private:
  template <typename T>
  int64_t look_up(const T& value) const {
    if constexpr (std::is_same_v<T, std::string>) {
      return find(strings_, value);
    } else if constexpr (std::is_floating_point_v<T>) {
      constexpr T kLimit = static_cast<T>(9223372036854775808.0);
      if (!(value >= -kLimit && value < kLimit)) return kUnknown;
      return find(integers_, static_cast<int64_t>(value));
    } else {
      return find(integers_, static_cast<int64_t>(value));
    }
  }

  bool zeros_;
  int64_t count_ = 0;
  Index<int64_t> integers_;
  Index<std::string> strings_;
};

void infer(Inference& node) {
  std::optional<Dims> shape = node.shape(0);
  if (shape) {
    const size_t count =
        std::max(node.integers("cats_int64s").size(), node.texts("cats_strings").size());
    shape->emplace_back(static_cast<int64_t>(count));
  }
  node.set(0, DType::kFloat, std::move(shape));
}

}  // namespace

extern const Operator kMlOneHotEncoder = {.domain = "ai.onnx.ml",
                                          .name = "OneHotEncoder",
                                          .versions = {1},
                                          .inputs = {1, 1},
                                          .infer = infer,
                                          .create = make<OneHotEncoder>};

}  // namespace escuta::ops
