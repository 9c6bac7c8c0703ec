// If (ai.onnx 1, 11, 13, 16, 19, 21, 23, 24, 25).
#include "ops/body.h"
#include "ops/check_input.h"
#include "ops/operator.h"
#include "ops/type_facts.h"

namespace escuta::ops {
namespace {

class If final : public Kernel {
 public:
  explicit If(const NodeInfo& node) : then_(node, "then_branch"), else_(node, "else_branch") {
    if (!node.status().ok()) return;
    for (const Body* body : {&then_, &else_}) {
      if (body->inputs != 0 || body->outputs < node.output_count()) {
        node.fail(
            invalid_argument("expected branches without inputs and with {} outputs, found {} "
                             "inputs and {} outputs",
                             node.output_count(), body->inputs, body->outputs));
      }
    }
  }

  // The branches' outputs are handed on as they are.
  bool takes_room(size_t) const override { return true; }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_dtype(call, 0, DType::kBool));
    if (call.input(0).count() != 1) {
      return invalid_argument("expected a condition of one element, found shape {}",
                              call.shape(0).to_string());
    }
    const Body& body = call.input(0).as<bool>()[0] ? then_ : else_;
    SmallList<Datum> outputs(body.outputs);
    RETURN_IF_ERROR(call.run_body(body.index, {}, outputs.span()));
    for (size_t i = 0; i < call.output_count(); ++i) call.set(i, std::move(outputs[i]));
    return {};
  }

 private:
  Body then_;
  Body else_;
};

void infer(Inference& node) {
  const size_t outputs = node.output_count();
  const std::vector<Fact> then_facts = infer_outputs(node, "then_branch", {}, outputs);
  const std::vector<Fact> else_facts = infer_outputs(node, "else_branch", {}, outputs);
  for (size_t i = 0; i < outputs; ++i) {
    if (node.has_output(i)) node.output(i) = merge_facts(then_facts[i], else_facts[i]);
  }
}

}  // namespace

extern const Operator kIf = {.domain = "",
                             .name = "If",
                             .versions = {1, 11, 13, 16, 19, 21, 23, 24, 25},
                             .inputs = {1, 1},
                             .outputs = {1, kAny},
                             .infer = infer,
                             .create = make<If>};

}  // namespace escuta::ops
