#include "passes/gradient_rules.h"

#include <algorithm>
#include <memory>

#include "tensor/datum.h"

namespace escuta::passes {

using graph::Attribute;
using graph::kNoValue;
using graph::ValueId;
using Type = onnx::AttributeDef::Type;

Attribute int_attribute(std::string name, int64_t value) {
  return {.name = std::move(name), .type = Type::kInt, .value = value, .ref_attr_name = {}};
}

Attribute ints_attribute(std::string name, std::vector<int64_t> value) {
  return {
      .name = std::move(name), .type = Type::kInts, .value = std::move(value), .ref_attr_name = {}};
}

namespace {

template <typename T>
graph::ConstantPtr constant_of(const Shape& shape, std::span<const T> values) {
  auto owner = std::make_shared<const std::vector<T>>(values.begin(), values.end());
  auto constant = std::make_shared<graph::Constant>();
  constant->dtype = dtype_of<T>();
  constant->shape = shape;
  constant->bytes = std::as_bytes(std::span(*owner));
  constant->owner = std::move(owner);
  return constant;
}

}  // namespace

ValueId GradientBuilder::op(std::string_view type, std::vector<ValueId> inputs,
                            std::vector<Attribute> attributes) {
  graph::Node node;
  node.op_type = type;
  node.opset = 18;
  node.inputs = std::move(inputs);
  return again(std::move(node), std::move(attributes));
}

ValueId GradientBuilder::again(graph::Node node, std::vector<Attribute> attributes) {
  const ValueId output = rewriter_.add_value("gradient", {});
  node.name.clear();
  node.attributes = std::move(attributes);
  node.outputs = {output};
  rewriter_.add_node(std::move(node));
  return output;
}

ValueId GradientBuilder::ints(const std::vector<int64_t>& values) {
  const Shape shape{static_cast<int64_t>(values.size())};
  return rewriter_.add_constant("gradient", constant_of<int64_t>(shape, values));
}

ValueId GradientBuilder::number(float value, ValueId like) {
  const ValueId constant =
      rewriter_.add_constant("gradient", constant_of<float>({}, std::span(&value, 1)));
  return op("CastLike", {constant, like});
}

ValueId GradientBuilder::filled(float value, ValueId like) {
  return op("Expand", {number(value, like), op("Shape", {like})});
}

ValueId GradientBuilder::shaped_as(ValueId value, ValueId x) {
  return op("Reshape", {value, op("Shape", {x})}, {int_attribute("allowzero", 1)});
}

ValueId GradientBuilder::sum_to(ValueId gradient, ValueId x) {
  // x's shape with ones in front, as long as the gradient's: where that is 1, x was repeated (or
  // the gradient is 1 too, and its sum is itself).
  const ValueId shape = op("Shape", {x});
  const ValueId missing = op("Sub", {op("Size", {op("Shape", {gradient})}), op("Size", {shape})});
  const ValueId ones = op("Expand", {ints({1}), op("Reshape", {missing, ints({1})})});
  const ValueId padded = op("Concat", {ones, shape}, {int_attribute("axis", 0)});
  const ValueId places = op("NonZero", {op("Equal", {padded, ints({1})})});
  const ValueId axes = op("Reshape", {places, ints({-1})});
  const ValueId sum = op("ReduceSum", {gradient, axes}, {int_attribute("noop_with_empty_axes", 1)});
  return op("Reshape", {sum, shape}, {int_attribute("allowzero", 1)});
}

namespace {

using D = Derivation;

ValueId swapped(D& d, ValueId x, int rank) {
  std::vector<int64_t> perm(static_cast<size_t>(rank));
  for (size_t i = 0; i < perm.size(); ++i) perm[i] = static_cast<int64_t>(i);
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return d.build.op("Transpose", {x}, {ints_attribute("perm", std::move(perm))});
}

Status matmul(D& d) {
  if (!d.ranks[0] || !d.ranks[1] || *d.ranks[0] < 1 || *d.ranks[1] < 1) {
    return unimplemented(
        "Gradient: MatMul has a derivative here where the ranks of its inputs are "
        "known, found unknown ones; declare their shapes");
  }
  // Vectors become matrices, and the gradient with them.
  GradientBuilder& b = d.build;
  const bool row = *d.ranks[0] == 1, column = *d.ranks[1] == 1;
  ValueId x = row ? b.op("Unsqueeze", {d.x(0), b.ints({0})}) : d.x(0);
  ValueId y = column ? b.op("Unsqueeze", {d.x(1), b.ints({1})}) : d.x(1);
  ValueId gradient = d.gradient;
  if (column) gradient = b.op("Unsqueeze", {gradient, b.ints({-1})});
  if (row) gradient = b.op("Unsqueeze", {gradient, b.ints({-2})});
  const ValueId dx = b.op("MatMul", {gradient, swapped(d, y, column ? 2 : *d.ranks[1])});
  const ValueId dy = b.op("MatMul", {swapped(d, x, row ? 2 : *d.ranks[0]), gradient});
  d.results[0] = b.shaped_as(b.sum_to(dx, x), d.x(0));
  d.results[1] = b.shaped_as(b.sum_to(dy, y), d.x(1));
  return {};
}

template <typename T>
T attribute(const D& d, std::string_view name, T absent) {
  const T* value = d.node.get<T>(name);
  return value == nullptr ? absent : *value;
}

Status gemm(D& d) {
  GradientBuilder& b = d.build;
  const bool turn_a = attribute<int64_t>(d, "transA", 0) != 0;
  const bool turn_b = attribute<int64_t>(d, "transB", 0) != 0;
  const auto turned = [&](ValueId x, bool turn) { return turn ? b.op("Transpose", {x}) : x; };
  const ValueId scaled =
      b.op("Mul", {d.gradient, b.number(attribute<float>(d, "alpha", 1), d.gradient)});
  d.results[0] = turned(b.op("MatMul", {scaled, turned(d.x(1), !turn_b)}), turn_a);
  d.results[1] = turned(b.op("MatMul", {turned(d.x(0), !turn_a), scaled}), turn_b);
  if (d.node.inputs.size() > 2 && d.x(2) != kNoValue) {
    const ValueId beta = b.number(attribute<float>(d, "beta", 1), d.gradient);
    d.give(2, b.op("Mul", {d.gradient, beta}));
  }
  return {};
}

Status transpose(D& d) {
  std::vector<Attribute> attributes;
  if (const auto* perm = d.node.get<std::vector<int64_t>>("perm")) {
    std::vector<int64_t> inverse(perm->size());
    for (size_t i = 0; i < perm->size(); ++i) {
      const auto to = static_cast<size_t>((*perm)[i]);
      if (to >= inverse.size()) return invalid_argument("Transpose: perm is no permutation");
      inverse[to] = static_cast<int64_t>(i);
    }
    attributes.push_back(ints_attribute("perm", std::move(inverse)));
  }
  d.results[0] = d.build.op("Transpose", {d.gradient}, std::move(attributes));
  return {};
}

// ReduceSum and ReduceMean: every element has the sum's gradient.
Status reduce(D& d, bool mean) {
  GradientBuilder& b = d.build;
  std::vector<Attribute> attributes = d.node.attributes;
  std::erase_if(attributes, [](const Attribute& a) { return a.name == "keepdims"; });
  const ValueId kept = b.again(d.node, std::move(attributes));  // keepdims is 1 where it is absent
  ValueId gradient = b.shaped_as(d.gradient, kept);
  if (mean) {
    const ValueId count = b.op("Div", {b.op("Size", {d.x(0)}), b.op("Size", {d.y()})});
    gradient = b.op("Div", {gradient, b.op("CastLike", {count, gradient})});
  }
  d.results[0] = b.op("Expand", {gradient, b.op("Shape", {d.x(0)})});
  return {};
}

Status softmax(D& d) {
  GradientBuilder& b = d.build;
  if (d.version < 13) {
    return unimplemented("Gradient: Softmax has a derivative here from version 13 on, found {}",
                         d.version);
  }
  const ValueId product = b.op("Mul", {d.gradient, d.y()});
  const ValueId sum = b.op("ReduceSum", {product, b.ints({attribute<int64_t>(d, "axis", -1)})});
  d.results[0] = b.op("Mul", {b.op("Sub", {d.gradient, sum}), d.y()});
  return {};
}

Status power(D& d) {
  GradientBuilder& b = d.build;
  const ValueId less = b.op("Sub", {d.x(1), b.number(1, d.x(1))});
  const ValueId factor = b.op("CastLike", {d.x(1), d.gradient});
  d.give(0, b.op("Mul", {d.gradient, b.op("Mul", {factor, b.op("Pow", {d.x(0), less})})}));
  d.give(1, b.op("Mul", {d.gradient, b.op("Mul", {d.y(), b.op("Log", {d.x(0)})})}));
  return {};
}

struct Rule {
  std::string_view op;
  Status (*run)(D&);
};

// The gradient of input 0 is an expression of the gradient, x and y.
template <auto expression>
Status unary(D& d) {
  d.results[0] = expression(d.build, d.gradient, d.x(0), d.y());
  return {};
}

using B = GradientBuilder;
using V = ValueId;

const Rule kRules[] = {
    {"Add", [](D& d) -> Status { return d.give(0, d.gradient), d.give(1, d.gradient), Status(); }},
    {"Sub",
     [](D& d) -> Status {
       d.give(0, d.gradient);
       d.give(1, d.build.op("Neg", {d.gradient}));
       return {};
     }},
    {"Mul",
     [](D& d) -> Status {
       d.give(0, d.build.op("Mul", {d.gradient, d.x(1)}));
       d.give(1, d.build.op("Mul", {d.gradient, d.x(0)}));
       return {};
     }},
    {"Div",
     [](D& d) -> Status {
       const V part = d.build.op("Div", {d.gradient, d.x(1)});
       d.give(0, part);
       d.give(1, d.build.op("Neg", {d.build.op("Mul", {part, d.y()})}));
       return {};
     }},
    {"Sum",
     [](D& d) -> Status {
       for (size_t i = 0; i < d.node.inputs.size(); ++i) d.give(i, d.gradient);
       return {};
     }},
    {"Where",
     [](D& d) -> Status {
       const V zero = d.build.number(0, d.gradient);
       d.give(1, d.build.op("Where", {d.x(0), d.gradient, zero}));
       d.give(2, d.build.op("Where", {d.x(0), zero, d.gradient}));
       return {};
     }},
    {"Pow", power},
    {"MatMul", matmul},
    {"Gemm", gemm},
    {"Transpose", transpose},
    {"ReduceSum", [](D& d) { return reduce(d, false); }},
    {"ReduceMean", [](D& d) { return reduce(d, true); }},
    {"Softmax", softmax},
    {"Identity", unary<[](B&, V g, V, V) { return g; }>},
    {"Neg", unary<[](B& b, V g, V, V) { return b.op("Neg", {g}); }>},
    {"Exp", unary<[](B& b, V g, V, V y) {
       return b.op("Mul", {g, y});
     }>},
    {"Log", unary<[](B& b, V g, V x, V) {
       return b.op("Div", {g, x});
     }>},
    {"Sqrt", unary<[](B& b, V g, V, V y) {
       return b.op("Div", {g, b.op("Add", {y, y})});
     }>},
    {"Reciprocal", unary<[](B& b, V g, V, V y) {
       return b.op("Neg", {b.op("Mul", {g, b.op("Mul", {y, y})})});
     }>},
    {"Sin", unary<[](B& b, V g, V x, V) {
       return b.op("Mul", {g, b.op("Cos", {x})});
     }>},
    {"Cos", unary<[](B& b, V g, V x, V) {
       return b.op("Neg", {b.op("Mul", {g, b.op("Sin", {x})})});
     }>},
    {"Abs", unary<[](B& b, V g, V x, V) {
       return b.op("Mul", {g, b.op("Sign", {x})});
     }>},
    {"Tanh", unary<[](B& b, V g, V, V y) {
       return b.op("Sub", {g, b.op("Mul", {g, b.op("Mul", {y, y})})});
     }>},
    {"Sigmoid", unary<[](B& b, V g, V, V y) {
       const V part = b.op("Mul", {g, y});
       return b.op("Sub", {part, b.op("Mul", {part, y})});
     }>},
    {"Relu", unary<[](B& b, V g, V x, V) {
       const V above = b.op("Greater", {x, b.number(0, x)});
       return b.op("Mul", {g, b.op("CastLike", {above, g})});
     }>},
    {"Softplus", unary<[](B& b, V g, V x, V) {
       return b.op("Mul", {g, b.op("Sigmoid", {x})});
     }>},
    {"Erf", unary<[](B& b, V g, V x, V) {
       constexpr float kTwoByRootPi = 1.1283791671f;
       const V bell = b.op("Exp", {b.op("Neg", {b.op("Mul", {x, x})})});
       return b.op("Mul", {g, b.op("Mul", {bell, b.number(kTwoByRootPi, g)})});
     }>},
    {"Cast", unary<[](B& b, V g, V x, V) {
       return b.op("CastLike", {g, x});
     }>},
    {"CastLike", unary<[](B& b, V g, V x, V) {
       return b.op("CastLike", {g, x});
     }>},
    {"Reshape", unary<[](B& b, V g, V x, V) { return b.shaped_as(g, x); }>},
    {"Flatten", unary<[](B& b, V g, V x, V) { return b.shaped_as(g, x); }>},
    {"Squeeze", unary<[](B& b, V g, V x, V) { return b.shaped_as(g, x); }>},
    {"Unsqueeze", unary<[](B& b, V g, V x, V) { return b.shaped_as(g, x); }>},
    {"Expand", unary<[](B& b, V g, V x, V) { return b.sum_to(g, x); }>},
};

// Their results do not change with small changes of their inputs.
constexpr std::string_view kConstant[] = {
    "And",     "Ceil", "Equal", "Floor", "Greater", "GreaterOrEqual", "Less", "LessOrEqual",
    "NonZero", "Not",  "Or",    "Round", "Shape",   "Sign",           "Size",
};

}  // namespace

Status differentiate(Derivation& derivation) {
  const graph::Node& node = derivation.node;
  derivation.results.assign(node.inputs.size(), kNoValue);
  if (node.domain.empty()) {
    if (std::ranges::find(kConstant, node.op_type) != std::end(kConstant)) return {};
    for (const Rule& rule : kRules) {
      if (rule.op == node.op_type) return rule.run(derivation);
    }
  }
  std::string known;
  for (const Rule& rule : kRules) known += (known.empty() ? "" : ", ") + std::string(rule.op);
  return unimplemented("Gradient: expected operators that have a derivative here ({}), found {}",
                       known, node.op_type);
}

}  // namespace escuta::passes
