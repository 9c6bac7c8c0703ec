// SequenceMap (ai.onnx 17): runs the body for each item of the first sequence. Other sequences give
// their item at the same place; tensors are the same for each.
#include "ops/body.h"
#include "ops/check_kind.h"
#include "ops/operator.h"
#include "ops/sequence.h"
#include "ops/type_facts.h"

namespace escuta::ops {
namespace {

class SequenceMap final : public Kernel {
 public:
  explicit SequenceMap(const NodeInfo& node) : body_(node, "body") {
    if (!node.status().ok()) return;
    if (body_.inputs != node.input_count() || body_.outputs < node.output_count()) {
      node.fail(invalid_argument("expected a body with {} inputs and {} outputs, found {} and {}",
                                 node.input_count(), node.output_count(), body_.inputs,
                                 body_.outputs));
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_sequence(call, 0));
    const size_t count = call.input(0).sequence().items.size();
    SmallList<Datum> inputs(body_.inputs);
    for (size_t i = 0; i < body_.inputs; ++i) {
      const Datum& input = call.input(i);
      if (input.kind() != Datum::Kind::kSequence) {
        inputs[i] = input;
      } else if (input.sequence().items.size() != count) {
        return invalid_argument("expected sequences of {} items as the first one, found {} items",
                                count, input.sequence().items.size());
      }
    }
    std::vector<std::shared_ptr<Sequence>> results(call.output_count());
    for (auto& result : results) result = std::make_shared<Sequence>();
    SmallList<Datum> outputs(body_.outputs);
    for (size_t at = 0; at < count; ++at) {
      RETURN_IF_ERROR(call.check_cancelled());
      for (size_t i = 0; i < body_.inputs; ++i) {
        const Datum& input = call.input(i);
        if (input.kind() == Datum::Kind::kSequence) inputs[i] = input.sequence().items[at];
      }
      outputs.clear();
      RETURN_IF_ERROR(call.run_body(body_.index, inputs.span(), outputs.span()));
      for (size_t i = 0; i < results.size(); ++i) {
        RETURN_IF_ERROR(append(std::move(outputs[i]), results[i].get()));
      }
    }
    for (size_t i = 0; i < results.size(); ++i) {
      if (count == 0) results[i]->dtype = body_.output_fact(i).dtype;
      call.set(i, Datum::of(std::shared_ptr<const Sequence>(std::move(results[i]))));
    }
    return {};
  }

 private:
  static Status append(Datum item, Sequence* sequence) {
    if (!item.is_tensor()) {
      return invalid_argument("expected a body that gives tensors, found {}", datum_name(item));
    }
    if (sequence->items.empty()) sequence->dtype = item.dtype();
    if (item.dtype() != sequence->dtype) {
      return invalid_argument("expected items of {} as the first, found {}",
                              dtype_name(sequence->dtype), dtype_name(item.dtype()));
    }
    sequence->items.push_back(std::move(item));
    return {};
  }

  Body body_;
};

void infer(Inference& node) {
  std::vector<Fact> inputs;
  for (size_t i = 0; i < node.input_count(); ++i) {
    const Fact& fact = node.input(i);
    inputs.push_back(fact.other != nullptr ? item_fact(fact) : fact);
  }
  const std::vector<Fact> facts =
      infer_outputs(node, "body", std::move(inputs), node.output_count());
  for (size_t i = 0; i < node.output_count(); ++i) {
    if (node.has_output(i)) node.output(i) = sequence_fact(facts[i]);
  }
}

}  // namespace

extern const Operator kSequenceMap = {.domain = "",
                                      .name = "SequenceMap",
                                      .versions = {17},
                                      .inputs = {1, kAny},
                                      .outputs = {1, kAny},
                                      .infer = infer,
                                      .create = make<SequenceMap>};

}  // namespace escuta::ops
