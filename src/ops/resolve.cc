#include "ops/resolve.h"

#include <algorithm>

namespace escuta::ops {
namespace {

std::string_view shown(std::string_view domain) { return domain.empty() ? "ai.onnx" : domain; }

Status check_count(const graph::Node& node, std::string_view what,
                   std::span<const graph::ValueId> values, Arity arity) {
  const size_t min = static_cast<size_t>(arity.min), max = static_cast<size_t>(arity.max);
  bool missing = values.size() < min;
  for (size_t i = 0; i < std::min(min, values.size()); ++i) missing |= values[i] < 0;
  if (missing) {
    return invalid_argument("{}: expected at least {} {}, found fewer", node.op_type, min, what);
  }
  if (values.size() > max) {
    return invalid_argument("{}: expected at most {} {}, found {}", node.op_type, max, what,
                            values.size());
  }
  return Status();
}

}  // namespace

Result<Resolved> resolve(const graph::Model& model, const graph::Node& node) {
  const int64_t opset = node.opset != 0 ? node.opset : model.opset(node.domain);
  const Operator* op = find_operator(node.domain, node.op_type);
  if (op == nullptr) {
    return unimplemented("operator {} of domain {}, version {}, is not known", node.op_type,
                         shown(node.domain), opset);
  }
  const int version = op->versions.resolve(opset);
  if (version == 0) {
    return unimplemented("operator {} of domain {} exists from version {} on, found version {}",
                         node.op_type, shown(node.domain), op->versions.all().front(), opset);
  }
  if (opset >= op->removed) {
    return unimplemented("operator {} of domain {} is gone since version {}, found version {}",
                         node.op_type, shown(node.domain), op->removed, opset);
  }
  RETURN_IF_ERROR(check_count(node, "inputs", node.inputs, op->inputs));
  // An output that nobody wants may be left out.
  if (node.outputs.size() > static_cast<size_t>(op->outputs.max)) {
    return invalid_argument("{}: expected at most {} outputs, found {}", node.op_type,
                            op->outputs.max, node.outputs.size());
  }
  return Resolved{op, version};
}

}  // namespace escuta::ops
