// Operators with bodies, and those on sequences and optionals.
#include "draws.h"

namespace escuta::fuzz {
namespace {

// ONNX Runtime wants the rank of what goes into and out of bodies.
onnx::ValueInfo typed(std::string name, DType dtype, int rank) {
  onnx::ValueInfo info;
  info.name = std::move(name);
  info.type.kind = onnx::TypeDef::Kind::kTensor;
  info.type.dtype = dtype;
  info.type.shape.emplace(static_cast<size_t>(rank));
  return info;
}

// A graph in an attribute.
class Body {
 public:
  Body(Builder& b, std::string_view name) : b_(b) { graph_.name = b.fresh_name(name); }

  std::string input(DType dtype, int rank) {
    graph_.inputs.push_back(typed(b_.fresh_name("p"), dtype, rank));
    return graph_.inputs.back().name;
  }
  std::string node(std::string op, std::vector<std::string> inputs, Attributes attributes = {}) {
    onnx::NodeDef node;
    node.op_type = std::move(op);
    node.name = b_.fresh_name("n");
    node.inputs = std::move(inputs);
    node.outputs = {b_.fresh_name("i")};
    node.attributes = std::move(attributes);
    graph_.nodes.push_back(std::move(node));
    return graph_.nodes.back().outputs[0];
  }
  std::string constant(const Datum& datum) {
    graph_.initializers.push_back(b_.tensor(b_.fresh_name("w"), datum));
    return graph_.initializers.back().name;
  }
  std::string number(DType dtype, double value) {
    return constant(b_.datum_of(dtype, {}, {value}));
  }
  void output(std::string name, DType dtype, int rank) {
    graph_.outputs.push_back(typed(std::move(name), dtype, rank));
  }
  // One or two nodes of f32 that keep the shape of `x`.
  std::string work(std::string x) {
    for (int i = 1 + b_.pick(2); i > 0; --i) {
      switch (b_.pick(4)) {
        case 0:
          x = node("Tanh", {x});
          break;
        case 1:
          x = node("Mul", {x, number(DType::kFloat, b_.real(-1, 1))});
          break;
        case 2:
          x = node("Add", {x, number(DType::kFloat, b_.real(-1, 1))});
          break;
        default:
          x = node("Add", {x, x});
      }
    }
    return x;
  }
  onnx::GraphDef take() { return std::move(graph_); }

 private:
  Builder& b_;
  onnx::GraphDef graph_;
};

}  // namespace

bool branch(Builder& b, const Entry& e) {
  const Made x = b.operand(kFloat32, 0, 3, {-50, 50});
  const Made condition = b.coin() ? b.fresh(DType::kBool, {}) : b.input(DType::kBool, {});
  Attributes attributes;
  for (const char* name : {"then_branch", "else_branch"}) {
    Body body(b, name);
    std::string result = body.work(x.name);
    if (b.rarely()) {  // an If of its own
      Attributes inner;
      for (const char* side : {"then_branch", "else_branch"}) {
        Body leaf(b, side);
        leaf.output(leaf.work(result), DType::kFloat, x.rank());
        inner.push_back(attr(side, leaf.take()));
      }
      result = body.node("If", {condition.name}, inner);
    }
    body.output(result, DType::kFloat, x.rank());
    attributes.push_back(attr(name, body.take()));
  }
  return b.put({e.op, e.domain, {condition.name}, 1, attributes, e.rule, {x.name}, {}});
}

bool loop(Builder& b, const Entry& e) {
  const Made x = b.operand(kFloat32, 0, 2, {-10, 10});
  const Made captured = b.fresh(DType::kFloat, {}, {-1, 1});
  Body body(b, "loop");
  const std::string i = body.input(DType::kInt64, 0), condition = body.input(DType::kBool, 0);
  const std::string carried = body.input(DType::kFloat, x.rank());
  std::string next = body.node("Tanh", {body.work(carried)});
  next = body.node("Add", {next, captured.name});
  const bool stops = b.coin(), scans = b.coin();
  std::string goes_on = body.node("Identity", {condition});
  if (stops) goes_on = body.node("Less", {i, body.number(DType::kInt64, b.pick(4))});
  body.output(goes_on, DType::kBool, 0);
  body.output(next, DType::kFloat, x.rank());
  if (scans) body.output(body.node("Mul", {next, captured.name}), DType::kFloat, x.rank());
  const bool bounded = !stops || b.coin();
  std::vector<std::string> inputs = {bounded ? b.scalar(b.pick(5)) : "", "", x.name};
  // Without the input, the body's condition is to be ignored; ONNX Runtime heeds it.
  if (!bounded || (stops && b.for_ort()) || b.coin())
    inputs[1] = b.constant(b.datum_of(DType::kBool, {}, {b.rarely() ? 0.0 : 1.0})).name;
  // Nothing says how large rows of a loop that never ran would be.
  return b.put({e.op,
                e.domain,
                inputs,
                scans ? 2 : 1,
                {attr("body", body.take())},
                e.rule,
                {captured.name},
                {}});
}

bool scan(Builder& b, const Entry& e) {
  const int64_t steps = 1 + b.pick(4), width = 1 + b.pick(4);
  const Made state = b.like(DType::kFloat, {width}), x = b.like(DType::kFloat, {steps, width});
  const Made captured = b.fresh(DType::kFloat, {width}, {-1, 1});
  Body body(b, "scan");
  const std::string s = body.input(DType::kFloat, 1), row = body.input(DType::kFloat, 1);
  const std::string next = body.node("Tanh", {body.node("Add", {s, row})});
  body.output(next, DType::kFloat, 1);
  body.output(body.work(body.node("Mul", {next, captured.name})), DType::kFloat, 1);
  Attributes attributes = {attr("num_scan_inputs", 1), attr("body", body.take())};
  if (b.coin()) attributes.push_back(attr("scan_input_directions", std::vector<int64_t>{1}));
  if (b.coin()) attributes.push_back(attr("scan_output_axes", std::vector<int64_t>{1}));
  return b.put({e.op, e.domain, {state.name, x.name}, 2, attributes, e.rule, {captured.name}, {}});
}

// --- Sequences ---

namespace {

const Made* some_sequence(Builder& b, int least) {
  return b.find([&](const Made& m) {
    return m.value.kind() == Datum::Kind::kSequence &&
           static_cast<int>(m.value.sequence().items.size()) >= least;
  });
}

}  // namespace

bool sequence_of(Builder& b, const Entry& e) {
  if (e.op == "SequenceEmpty") {
    return emit(b, e, {}, {attr("dtype", static_cast<int64_t>(b.one_of(e.types)))});
  }
  const Made x = b.operand(e.types, 1, 3);
  std::vector<std::string> inputs = {x.name};
  for (int i = b.pick(3); i > 0; --i) inputs.push_back(b.like(x.dtype(), x.dims()).name);
  return emit(b, e, inputs);
}

bool split_to_sequence(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 3);
  const int axis = b.pick(x.rank());
  std::vector<std::string> inputs = {x.name};
  const bool parts = b.coin();
  if (parts) inputs.push_back(b.scalar(1 + b.pick(3)));
  // With parts given, keepdims is to be ignored; ONNX Runtime fails where it is 0.
  const bool keep = (parts && b.for_ort()) || b.coin();
  return emit(b, e, inputs, {attr("axis", any_axis(b, axis, x.rank())), attr("keepdims", keep)});
}

bool sequence_at(Builder& b, const Entry& e) {
  const Made* s = some_sequence(b, 1);
  if (s == nullptr) return false;
  const int count = static_cast<int>(s->value.sequence().items.size());
  const std::string from = s->name;
  return emit(b, e, {from, b.scalar(b.pick(2 * count) - count)});
}

bool sequence_insert(Builder& b, const Entry& e) {
  const Made* s = some_sequence(b, 0);
  if (s == nullptr) return false;
  const Made from = *s;
  const int count = static_cast<int>(from.value.sequence().items.size());
  std::vector<std::string> inputs = {from.name, b.fresh(from.dtype(), b.some_dims(1, 2)).name};
  if (b.coin()) inputs.push_back(b.scalar(b.pick(count + 1)));
  return emit(b, e, inputs);
}

bool sequence_erase(Builder& b, const Entry& e) {
  const Made* s = some_sequence(b, 1);
  if (s == nullptr) return false;
  const int count = static_cast<int>(s->value.sequence().items.size());
  std::vector<std::string> inputs = {s->name};
  if (b.coin()) inputs.push_back(b.scalar(b.pick(count)));
  return emit(b, e, inputs);
}

bool sequence_length(Builder& b, const Entry& e) {
  const Made* s = some_sequence(b, 0);
  return s != nullptr && emit(b, e, {s->name});
}

bool concat_from_sequence(Builder& b, const Entry& e) {
  const Made* s = some_sequence(b, 1);
  if (s == nullptr) return false;
  const auto& items = s->value.sequence().items;
  for (const Datum& item : items) {
    if (!(item.shape() == items[0].shape()) || item.shape().rank() == 0) return false;
  }
  return emit(b, e, {s->name},
              {attr("axis", b.pick(items[0].shape().rank())), attr("new_axis", b.coin())});
}

bool optional_get(Builder& b, const Entry& e) { return emit(b, e, {b.operand(e.types).name}); }
bool optional_has(Builder& b, const Entry& e) {
  return b.opset() >= 18 && emit(b, e, {b.operand(e.types).name});
}

}  // namespace escuta::fuzz
