#include "ops/body.h"

#include "ops/check_kind.h"
#include "ops/elements.h"
#include "ops/packed.h"

namespace escuta::ops {

Body::Body(const NodeInfo& node, std::string_view attribute)
    : index(node.body(attribute)), graph(node.graph(attribute)) {
  if (index < 0 || graph == nullptr) {
    node.fail(invalid_argument("expected a graph as attribute `{}`, found none", attribute));
    return;
  }
  inputs = graph->inputs.size();
  outputs = graph->outputs.size();
}

const graph::Fact& Body::output_fact(size_t i) const {
  return graph->value(graph->outputs[i]).fact;
}

const graph::Fact& Body::input_fact(size_t i) const { return graph->value(graph->inputs[i]).fact; }

std::vector<graph::Fact> infer_outputs(const Inference& node, std::string_view attribute,
                                       std::vector<graph::Fact> inputs, size_t outputs) {
  std::vector<graph::Fact> facts;
  if (node.infer_body != nullptr) facts = node.infer_body(attribute, std::move(inputs));
  facts.resize(outputs);
  return facts;
}

Result<Datum> part_of(const Datum& datum, int64_t offset, const Shape& shape) {
  const int bits = dtype_bits(datum.dtype());
  if (datum.dtype() == DType::kString) {
    const auto* strings = reinterpret_cast<const std::string*>(datum.bytes()) + offset;
    return Datum::borrow(datum.dtype(), shape, reinterpret_cast<const std::byte*>(strings));
  }
  if (!is_packed(datum.dtype()) || offset * bits % 8 == 0) {
    return Datum::borrow(datum.dtype(), shape, datum.bytes() + offset * bits / 8);
  }
  ASSIGN_OR_RETURN(Datum copy, Datum::create(datum.dtype(), shape));
  clear_elements(datum.dtype(), copy.mutable_bytes(), shape.count());
  copy_elements(datum.dtype(), datum.bytes(), offset, copy.mutable_bytes(), 0, shape.count());
  return copy;
}

Status check_like(const Datum& found, DType dtype, const Shape& shape, std::string_view what) {
  if (found.is_tensor() && found.dtype() == dtype && found.shape() == shape) return {};
  return invalid_argument("{}: expected {} {} in each iteration, found {} {}", what,
                          dtype_name(dtype), shape.to_string(), datum_name(found),
                          found.shape().to_string());
}

}  // namespace escuta::ops
