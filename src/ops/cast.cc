// Cast (ai.onnx 1, 6, 9, 13, 19, 21, 23, 24, 25); in version 1 the type is given by name.
#include <algorithm>
#include <cctype>

#include "ops/cast_elements.h"

namespace escuta::ops {
namespace {

DType target(const NodeInfo& node) {
  if (node.version() >= 6) return node.dtype_attribute("to", DType::kUndefined);
  std::string name = node.text("to", "");
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (int i = 1; i <= kMaxDType; ++i) {
    if (dtype_name(static_cast<DType>(i)) == name) return static_cast<DType>(i);
  }
  return DType::kUndefined;
}

class Cast final : public Kernel {
 public:
  explicit Cast(const NodeInfo& node) : to_(target(node)), narrowing_(read_narrowing(node)) {
    if (to_ == DType::kUndefined) {
      node.fail(invalid_argument("attribute `to`: expected an element type, found none"));
    }
  }
  Status run(Call& call) const override { return cast_elements(call, to_, narrowing_); }

 private:
  DType to_;
  Narrowing narrowing_;
};

}  // namespace

extern const Operator kCast = {.domain = "",
                               .name = "Cast",
                               .versions = {1, 6, 9, 13, 19, 21, 23, 24, 25},
                               .inputs = {1, 1},
                               .infer = [](Inference& node) { infer_cast(node, target(node)); },
                               .create = make<Cast>,
                               .memory = Memory::kInPlace};

}  // namespace escuta::ops
