// StringNormalizer (ai.onnx 10): leaves stop words out and changes case.
//
// Case is Unicode's (text/case.h) whatever `locale` says, so that results are the same everywhere.
#include <unordered_set>

#include "ops/check_input.h"
#include "ops/operator.h"
#include "text/case.h"
#include "text/utf8.h"

namespace escuta::ops {
namespace {

enum class Case { kNone, kLower, kUpper };

std::string in_case(const std::string& text, Case to) {
  if (to == Case::kNone) return text;
  return to == Case::kLower ? text::to_lower(text) : text::to_upper(text);
}

class StringNormalizer final : public Kernel {
 public:
  explicit StringNormalizer(const NodeInfo& node) {
    const std::string action = node.text("case_change_action", "NONE");
    if (action == "LOWER") {
      action_ = Case::kLower;
    } else if (action == "UPPER") {
      action_ = Case::kUpper;
    } else if (action != "NONE") {
      node.fail(invalid_argument(
          "attribute `case_change_action`: expected LOWER, UPPER or NONE, found {}", action));
    }
    if (node.integer("is_case_sensitive", 0) == 0) {
      compare_in_ = action_ == Case::kUpper ? Case::kUpper : Case::kLower;
    }
    for (const std::string& word : node.texts("stopwords")) {
      if (!text::is_utf8(word)) {
        node.fail(invalid_argument("attribute `stopwords`: expected UTF-8, found other bytes"));
        return;
      }
      stop_words_.insert(in_case(word, compare_in_));
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_dtype(call, 0, DType::kString));
    const Shape& shape = call.shape(0);
    if (shape.rank() < 1 || shape.rank() > 2 || (shape.rank() == 2 && shape[0] != 1)) {
      return invalid_argument("expected shape [C] or [1, C], found {}", shape.to_string());
    }
    const auto src = call.input(0).as<std::string>();
    int64_t kept = 0;
    for (const std::string& word : src) {
      if (!text::is_utf8(word)) return invalid_argument("expected UTF-8, found other bytes");
      if (!is_stop_word(word)) ++kept;
    }
    const int64_t count = std::max<int64_t>(kept, 1);  // nothing left: one empty string
    ASSIGN_OR_RETURN(
        std::string * dst,
        call.output<std::string>(0, shape.rank() == 1 ? Shape({count}) : Shape({1, count})));
    for (const std::string& word : src) {
      if (!is_stop_word(word)) *dst++ = in_case(word, action_);
    }
    return {};
  }

 private:
  bool is_stop_word(const std::string& word) const {
    return !stop_words_.empty() && stop_words_.contains(in_case(word, compare_in_));
  }

  Case action_ = Case::kNone;
  Case compare_in_ = Case::kNone;
  std::unordered_set<std::string> stop_words_;  // in case compare_in_
};

void infer(Inference& node) {
  std::optional<Dims> shape = node.shape(0);
  if (shape && !shape->empty()) {
    const bool keeps_all =
        node.texts("stopwords").empty() && shape->back().is_known() && shape->back().value() > 0;
    if (!keeps_all) shape->back() = Dim();
  }
  node.set(0, DType::kString, std::move(shape));
}

}  // namespace

extern const Operator kStringNormalizer = {.domain = "",
                                           .name = "StringNormalizer",
                                           .versions = {10},
                                           .inputs = {1, 1},
                                           .infer = infer,
                                           .create = make<StringNormalizer>};

}  // namespace escuta::ops
