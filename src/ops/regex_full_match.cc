// RegexFullMatch (ai.onnx 20).
#include <optional>

#include "ops/check_input.h"
#include "ops/operator.h"
#include "text/whole_match.h"

namespace escuta::ops {
namespace {

class RegexFullMatch final : public Kernel {
 public:
  explicit RegexFullMatch(const NodeInfo& node) {
    auto compiled = text::WholeMatch::compile(node.text("pattern", ""));
    if (!compiled.ok()) {
      node.fail(compiled.status().with_context("attribute `pattern`"));
    } else {
      pattern_ = std::move(*compiled);
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_dtype(call, 0, DType::kString));
    const auto src = call.input(0).as<std::string>();
    ASSIGN_OR_RETURN(bool* dst, call.output<bool>(0, call.shape(0)));
    for (size_t i = 0; i < src.size(); ++i) {
      RETURN_IF_ERROR(call.check_cancelled());
      ASSIGN_OR_RETURN(dst[i], pattern_->matches(src[i]));
    }
    return {};
  }

 private:
  std::optional<text::WholeMatch> pattern_;
};

void infer(Inference& node) { node.set(0, DType::kBool, node.shape(0)); }

}  // namespace

extern const Operator kRegexFullMatch = {.domain = "",
                                         .name = "RegexFullMatch",
                                         .versions = {20},
                                         .inputs = {1, 1},
                                         .infer = infer,
                                         .create = make<RegexFullMatch>};

}  // namespace escuta::ops
