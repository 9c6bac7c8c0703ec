// SequenceConstruct (ai.onnx 11).
#include "ops/check_input.h"
#include "ops/operator.h"
#include "ops/sequence.h"
#include "ops/type_facts.h"

namespace escuta::ops {
namespace {

Status run(Call& call) {
  std::vector<Datum> items;
  for (size_t i = 0; i < call.input_count(); ++i) {
    RETURN_IF_ERROR(check_dtype(call, i, call.dtype(0)));
    ASSIGN_OR_RETURN(Datum item, call.input(i).to_owned());
    items.push_back(std::move(item));
  }
  return set_sequence(call, call.dtype(0), std::move(items));
}

void infer(Inference& node) {
  if (!node.has_output(0)) return;
  Fact item = node.input(0);
  for (size_t i = 1; i < node.input_count(); ++i) item = merge_facts(item, node.input(i));
  node.output(0) = sequence_fact(item);
}

}  // namespace

extern const Operator kSequenceConstruct = {.domain = "",
                                            .name = "SequenceConstruct",
                                            .versions = {11},
                                            .inputs = {1, kAny},
                                            .infer = infer,
                                            .create = make_function<run>};

}  // namespace escuta::ops
