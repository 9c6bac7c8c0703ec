// SequenceEmpty (ai.onnx 11).
#include "ops/operator.h"
#include "ops/sequence.h"
#include "ops/type_facts.h"

namespace escuta::ops {
namespace {

class SequenceEmpty final : public Kernel {
 public:
  explicit SequenceEmpty(const NodeInfo& node)
      : dtype_(node.dtype_attribute("dtype", DType::kFloat)) {}

  Status run(Call& call) const override { return set_sequence(call, dtype_, {}); }

 private:
  DType dtype_;
};

void infer(Inference& node) {
  if (!node.has_output(0)) return;
  Fact element;
  element.dtype = node.dtype_attribute("dtype", DType::kFloat);
  node.output(0) = sequence_fact(element);
}

}  // namespace

extern const Operator kSequenceEmpty = {.domain = "",
                                        .name = "SequenceEmpty",
                                        .versions = {11},
                                        .inputs = {0, 0},
                                        .infer = infer,
                                        .create = make<SequenceEmpty>};

}  // namespace escuta::ops
