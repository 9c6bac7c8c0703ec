// What exporters write for one operation in several nodes, and passes make one of.
#include <cmath>

#include "draws.h"

namespace escuta::fuzz {
namespace {

// A chain of nodes that may break off.
class Chain {
 public:
  explicit Chain(Builder& b) : b_(b) {}
  std::string put(std::string op, std::vector<std::string> inputs, Attributes attributes = {},
                  Rule rule = Rule::kRounds) {
    if (broken_) return "";
    const Made* made = b_.step(std::move(op), std::move(inputs), std::move(attributes), rule);
    broken_ = made == nullptr;
    return broken_ ? "" : made->name;
  }
  // One of two operands first.
  std::string either(std::string op, std::string x, std::string y) {
    return b_.coin() ? put(std::move(op), {x, y}) : put(std::move(op), {y, x});
  }
  bool whole() const { return !broken_; }

 private:
  Builder& b_;
  bool broken_ = false;
};

std::string mean(Builder& b, Chain& chain, const std::string& x) {
  if (b.opset() >= 18) return chain.put("ReduceMean", {x, b.ints({-1})});
  return chain.put("ReduceMean", {x}, {attr("axes", std::vector<int64_t>{-1})});
}

Made rows(Builder& b, int64_t width) {
  return b.like(DType::kFloat, {1 + b.pick(2), 1 + b.pick(4), width});
}

std::string normalized(Builder& b, Chain& chain, const std::string& x, int64_t width) {
  const std::string centred = chain.put("Sub", {x, mean(b, chain, x)});
  const std::string square =
      b.coin() ? chain.put("Pow", {centred, b.number(2)}) : chain.put("Mul", {centred, centred});
  const std::string variance = mean(b, chain, square);
  const std::string root = chain.put("Sqrt", {chain.either("Add", variance, b.number(1e-3))});
  const std::string unit = chain.put("Div", {centred, root});
  const std::string scaled = chain.either("Mul", unit, b.constant(DType::kFloat, {width}).name);
  if (b.rarely()) return scaled;
  return chain.either("Add", scaled, b.constant(DType::kFloat, {width}).name);
}

}  // namespace

bool spelled_layer_norm(Builder& b, const Entry&) {
  if (b.opset() < 11) return false;
  Chain chain(b);
  const int64_t width = 2 + b.pick(8);
  normalized(b, chain, rows(b, width).name, width);
  return chain.whole();
}

bool skip_and_norm(Builder& b, const Entry&) {
  if (b.opset() < 17) return false;
  Chain chain(b);
  const int64_t width = 2 + b.pick(8);
  const Made x = rows(b, width);
  const std::string sum = chain.either("Add", x.name, b.like(DType::kFloat, x.dims()).name);
  if (!chain.whole()) return false;
  chain.put("LayerNormalization",
            {sum, b.constant(DType::kFloat, {width}).name, b.constant(DType::kFloat, {width}).name},
            {attr("axis", -1), attr("epsilon", 1e-3)});
  if (b.coin()) chain.put("Neg", {sum});
  return chain.whole();
}

bool spelled_gelu(Builder& b, const Entry&) {
  Chain chain(b);
  std::string x = b.operand(kFloat32, 0, 3, {-5, 5}).name;
  if (b.coin()) {  // after a bias
    const Made flat = rows(b, 4);
    x = chain.either("Add", flat.name, b.constant(DType::kFloat, {4}).name);
  }
  if (b.coin()) {
    const double root = std::sqrt(2.0);
    const std::string inner = b.coin() ? chain.put("Div", {x, b.number(root)})
                                       : chain.put("Mul", {x, b.number(1 / root)});
    const std::string sum = chain.either("Add", chain.put("Erf", {inner}), b.number(1));
    if (b.coin()) {
      chain.either("Mul", chain.either("Mul", x, sum), b.number(0.5));
    } else {
      chain.either("Mul", chain.either("Mul", x, b.number(0.5)), sum);
    }
    return chain.whole();
  }
  const std::string cube = chain.put("Pow", {x, b.number(3)});
  const std::string inner = chain.either("Add", x, chain.either("Mul", cube, b.number(0.044715)));
  const std::string scaled = chain.either("Mul", inner, b.number(std::sqrt(2 / 3.14159265358979)));
  const std::string sum = chain.either("Add", chain.put("Tanh", {scaled}), b.number(1));
  chain.either("Mul", chain.either("Mul", x, b.number(0.5)), sum);
  return chain.whole();
}

// Heads split, keys and values perhaps after those of earlier steps, heads joined.
bool spelled_attention(Builder& b, const Entry&) {
  if (b.opset() < 13) return false;
  Chain chain(b);
  const int64_t batch = 1 + b.pick(2), heads = 1 + b.pick(3), size = 1 + b.pick(5);
  const int64_t length = 1 + b.pick(4), keys = 1 + b.pick(4), before = b.coin() ? 1 + b.pick(4) : 0;
  const auto split = [&](int64_t count) {
    const Made x = b.like(DType::kFloat, {batch, count, heads * size});
    const std::string four = chain.put(
        "Reshape", {x.name, b.ints({b.coin() ? 0 : batch, b.coin() ? -1 : count, heads, size})}, {},
        Rule::kMoves);
    return chain.put("Transpose", {four}, {attr("perm", Dims{0, 2, 1, 3})}, Rule::kMoves);
  };
  const auto cached = [&](const std::string& now) {
    if (before == 0 || !chain.whole()) return now;
    const Made past = b.input(DType::kFloat, {batch, heads, before, size});
    return chain.put("Concat", {past.name, now}, {attr("axis", b.coin() ? 2 : -2)}, Rule::kMoves);
  };
  std::string q = split(length);
  const std::string k = cached(split(keys)), v = cached(split(keys));
  std::string turned = chain.put("Transpose", {k}, {attr("perm", Dims{0, 1, 3, 2})}, Rule::kMoves);
  const std::string factor = b.number(1 / std::sqrt(static_cast<double>(size)));
  const int place = b.pick(4);
  if (place == 0) q = chain.either("Mul", q, factor);
  if (place == 1) turned = chain.either("Mul", turned, factor);
  std::string scores = chain.put("MatMul", {q, turned});
  if (place == 2) scores = chain.either("Mul", scores, factor);
  if (place == 3) {
    scores = chain.put("Div", {scores, b.number(std::sqrt(static_cast<double>(size)))});
  }
  if (b.coin() && chain.whole()) {
    const Dims mask = b.one_of<Dims>({{length, before + keys},
                                      {1, 1, length, before + keys},
                                      {batch, 1, length, before + keys},
                                      {before + keys},
                                      {1, length, before + keys}});
    scores = chain.either("Add", scores, b.fresh(DType::kFloat, mask).name);
  }
  const std::string weights = chain.put("Softmax", {scores}, {attr("axis", b.coin() ? -1 : 3)});
  const std::string mixed = chain.put("MatMul", {weights, v});
  if (b.rarely()) return chain.whole();
  const std::string joined =
      chain.put("Transpose", {mixed}, {attr("perm", Dims{0, 2, 1, 3})}, Rule::kMoves);
  if (!chain.whole()) return false;
  chain.put("Reshape", {joined, b.ints({0, 0, heads * size})}, {}, Rule::kMoves);
  return chain.whole();
}

bool conv_and_norm(Builder& b, const Entry&) {
  Chain chain(b);
  const int64_t channels = 1 + b.pick(3), out = 1 + b.pick(4), kernel = 1 + b.pick(3);
  const Made x = b.like(DType::kFloat, {1 + b.pick(2), channels, 6});
  std::vector<std::string> inputs = {x.name,
                                     b.constant(DType::kFloat, {out, channels, kernel}).name};
  if (b.coin()) inputs.push_back(b.constant(DType::kFloat, {out}).name);
  std::string y = chain.put("Conv", inputs);
  const auto each = [&](double low, double high) {
    return b.constant(DType::kFloat, {out}, {low, high}).name;
  };
  switch (b.pick(3)) {
    case 0:
      y = chain.put("BatchNormalization", {y, each(-1, 1), each(-1, 1), each(-1, 1), each(0.5, 2)});
      break;
    case 1:
      y = chain.either("Mul", y, b.constant(DType::kFloat, {out, 1}).name);
      break;
    default:
      y = chain.either("Add", y, b.constant(DType::kFloat, {1, out, 1}).name);
  }
  if (b.coin()) chain.put("Relu", {y});
  return chain.whole();
}

bool matmul_and_bias(Builder& b, const Entry&) {
  Chain chain(b);
  const int64_t k = 1 + b.pick(12), n = 1 + b.pick(20);
  const Made x = rows(b, k);
  std::string y = chain.put("MatMul", {x.name, b.constant(DType::kFloat, {k, n}).name});
  y = chain.either("Add", y, b.constant(DType::kFloat, {n}).name);
  if (!chain.whole()) return false;
  if (b.coin()) {
    Dims dims = x.dims();
    dims.back() = n;
    y = chain.either("Add", y, b.like(DType::kFloat, dims).name);
  }
  const int after = b.pick(4);
  if (after == 0) chain.put("Relu", {y});
  if (after == 1 && b.opset() >= 20) chain.put("Gelu", {y});
  if (after == 2) chain.put("Tanh", {y});
  return chain.whole();
}

// A shape taken apart and put together again, as exporters write `view(batch, -1, heads, size)`.
bool shape_arithmetic(Builder& b, const Entry&) {
  Chain chain(b);
  const Made x = b.input(DType::kFloat, {1 + b.pick(3), 1 + b.pick(3), 4});
  const std::string shape = chain.put("Shape", {x.name}, {}, Rule::kMoves);
  const std::string first =
      chain.put("Gather", {shape, b.scalar(0)}, {attr("axis", 0)}, Rule::kMoves);
  std::string row;
  if (b.opset() < 13) {
    row = chain.put("Unsqueeze", {first}, {attr("axes", Dims{0})}, Rule::kMoves);
  } else {
    row = chain.put("Unsqueeze", {first, b.ints({0})}, {}, Rule::kMoves);
  }
  const std::string target = chain.put("Concat", {row, b.ints({-1}), b.ints({2}), b.ints({2})},
                                       {attr("axis", 0)}, Rule::kMoves);
  chain.put("Reshape", {x.name, target}, {}, Rule::kMoves);
  return chain.whole();
}

// Common subexpressions, and what clean-up takes out.
bool same_twice(Builder& b, const Entry&) {
  Chain chain(b);
  const Made x = b.operand(kFloat32, 1, 3, {-5, 5});
  const std::string one = chain.put("Sigmoid", {x.name}), two = chain.put("Sigmoid", {x.name});
  const std::string same = chain.put("Identity", {two}, {}, Rule::kMoves);
  const std::string product = chain.put("Mul", {one, same});
  switch (b.pick(4)) {
    case 0:
      chain.put("Add", {product, b.number(0)});
      break;
    case 1:
      chain.put("Mul", {product, b.number(1)});
      break;
    case 2:
      chain.put("Cast", {product}, {attr("to", 1)}, Rule::kMoves);
      break;
    default:
      chain.put("Neg", {chain.put("Neg", {product}, {}, Rule::kMoves)}, {}, Rule::kMoves);
  }
  return chain.whole();
}

}  // namespace escuta::fuzz
