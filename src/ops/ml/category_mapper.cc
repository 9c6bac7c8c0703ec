// CategoryMapper (ai.onnx.ml 1): strings to integers or back, whichever the input is not.
#include <unordered_map>

#include "ops/arguments.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class CategoryMapper final : public Kernel {
 public:
  explicit CategoryMapper(const NodeInfo& node)
      : default_string_(node.text("default_string", "_Unused")),
        default_integer_(node.integer("default_int64", -1)) {
    const auto strings = node.texts("cats_strings");
    const auto integers = node.integers("cats_int64s");
    if (strings.size() != integers.size()) {
      node.fail(
          invalid_argument("expected as many `cats_strings` as `cats_int64s`, found {} and {}",
                           strings.size(), integers.size()));
      return;
    }
    for (size_t i = 0; i < strings.size(); ++i) {
      to_integer_[strings[i]] = integers[i];
      to_string_[integers[i]] = strings[i];
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    const Datum& input = call.input(0);
    if (input.dtype() == DType::kString) {
      ASSIGN_OR_RETURN(int64_t * dst, call.output<int64_t>(0, input.shape()));
      for (const std::string& text : input.as<std::string>()) {
        const auto found = to_integer_.find(text);
        *dst++ = found == to_integer_.end() ? default_integer_ : found->second;
      }
      return {};
    }
    if (input.dtype() != DType::kInt64) {
      return unimplemented("expected strings or int64, found {}", dtype_name(input.dtype()));
    }
    ASSIGN_OR_RETURN(std::string * dst, call.output<std::string>(0, input.shape()));
    for (const int64_t number : input.as<int64_t>()) {
      const auto found = to_string_.find(number);
      *dst++ = found == to_string_.end() ? default_string_ : found->second;
    }
    return {};
  }

 private:
  std::unordered_map<std::string, int64_t> to_integer_;
  std::unordered_map<int64_t, std::string> to_string_;
  std::string default_string_;
  int64_t default_integer_;
};

void infer(Inference& node) {
  const DType from = node.dtype(0);
  const DType to = from == DType::kString  ? DType::kInt64
                   : from == DType::kInt64 ? DType::kString
                                           : DType::kUndefined;
  node.set(0, to, node.shape(0));
}

}  // namespace

extern const Operator kMlCategoryMapper = {.domain = "ai.onnx.ml",
                                           .name = "CategoryMapper",
                                           .versions = {1},
                                           .inputs = {1, 1},
                                           .infer = infer,
                                           .create = make<CategoryMapper>};

}  // namespace escuta::ops
