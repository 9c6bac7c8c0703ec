// Operators that are a version of a standard one under another domain.
#pragma once

#include "ops/operator.h"

namespace escuta::ops {

inline std::vector<const Fact*> facts_of(const NodeInfo& node) {
  std::vector<const Fact*> facts;
  for (size_t i = 0; i < node.input_count(); ++i) {
    facts.push_back(node.has_input(i) ? &node.input(i) : nullptr);
  }
  return facts;
}

// Operator::infer and Operator::create of `op` at that version of it.
template <const Operator& op, int version>
void infer_as(Inference& node) {
  Inference standard(node.node(), version, facts_of(node));
  op.infer(standard);
  if (!standard.status().ok()) node.fail(standard.status());
  node.outputs() = standard.outputs();
}

template <const Operator& op, int version>
Result<KernelPtr> create_as(const NodeInfo& node) {
  return op.create(NodeInfo(node.node(), version, facts_of(node)));
}

}  // namespace escuta::ops
