#include "random_graph.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace escuta::fuzz {
namespace {

using Dims = std::vector<int64_t>;

// Something that nodes may read.
struct Made {
  std::string name;
  DType dtype = DType::kFloat;
  Dims dims;
  double error = 0;  // 0: exact in every engine

  int rank() const { return static_cast<int>(dims.size()); }
  int64_t count() const {
    int64_t product = 1;
    for (const int64_t dim : dims) product *= dim;
    return product;
  }
};

constexpr double kRounding = 2e-5;  // of one operator on f32, relative to the largest element
constexpr int64_t kMaxCount = 4096;

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {
    graph_.model.ir_version = 8;
    graph_.model.opset_imports = {{"", 17}};
    graph_.model.graph.name = "random";
  }

  RandomGraph run() {
    const int inputs = 1 + pick(3);
    for (int i = 0; i < inputs; ++i) add_input(pick(4) == 0 ? DType::kInt64 : DType::kFloat);
    const int nodes = 3 + pick(15);
    for (int tries = 0; tries < nodes * 6 && count_ < nodes; ++tries) add_node();
    finish();
    return std::move(graph_);
  }

 private:
  using Make = bool (Generator::*)();

  int pick(int below) { return static_cast<int>(random_() % static_cast<uint64_t>(below)); }
  bool coin() { return pick(2) == 0; }
  std::string fresh(std::string_view what) { return fmt::format("{}_{}", what, next_name_++); }

  Dims some_dims() {
    Dims dims(static_cast<size_t>(pick(5)));
    for (int64_t& dim : dims) dim = pick(20) == 0 ? 0 : 1 + pick(5);
    return dims;
  }

  template <typename T>
  std::vector<std::byte> some_bytes(int64_t count, double low, double high) {
    std::vector<std::byte> bytes(static_cast<size_t>(count) * sizeof(T));
    std::uniform_real_distribution<double> uniform(low, high);
    for (int64_t i = 0; i < count; ++i) {
      const T value = static_cast<T>(uniform(random_));
      std::memcpy(bytes.data() + static_cast<size_t>(i) * sizeof(T), &value, sizeof(T));
    }
    return bytes;
  }

  static onnx::ValueInfo info(const Made& made, bool with_shape) {
    onnx::ValueInfo info;
    info.name = made.name;
    info.type.kind = onnx::TypeDef::Kind::kTensor;
    info.type.dtype = made.dtype;
    if (with_shape) {
      info.type.shape.emplace();
      for (const int64_t dim : made.dims) info.type.shape->push_back(dim);
    }
    return info;
  }

  void add_input(DType dtype) {
    Made made{fresh("in"), dtype, some_dims(), 0};
    graph_.model.graph.inputs.push_back(info(made, coin()));
    const Shape shape = Shape::create(made.dims).value();
    if (dtype == DType::kFloat) {
      const auto bytes = some_bytes<float>(made.count(), -2, 2);
      graph_.inputs.push_back(
          engine::Value::of(Datum::of<float>(shape, {reinterpret_cast<const float*>(bytes.data()),
                                                     static_cast<size_t>(made.count())})
                                .value()));
    } else {
      const auto bytes = some_bytes<int64_t>(made.count(), -9, 9);
      graph_.inputs.push_back(engine::Value::of(
          Datum::of<int64_t>(shape, {reinterpret_cast<const int64_t*>(bytes.data()),
                                     static_cast<size_t>(made.count())})
              .value()));
    }
    made_.push_back(std::move(made));
  }

  // A constant of the graph.
  std::string constant(DType dtype, const Dims& dims, std::vector<std::byte> bytes) {
    graph_.storage.push_back(std::move(bytes));
    onnx::TensorDef def;
    def.name = fresh("c");
    def.dtype = dtype;
    def.dims = dims;
    def.bytes = graph_.storage.back();
    graph_.model.graph.initializers.push_back(def);
    return def.name;
  }
  std::string floats(const Dims& dims, double low = -1, double high = 1) {
    int64_t count = 1;
    for (const int64_t dim : dims) count *= dim;
    return constant(DType::kFloat, dims, some_bytes<float>(count, low, high));
  }
  std::string ints(const std::vector<int64_t>& values, bool scalar = false) {
    const auto bytes = std::as_bytes(std::span(values));
    return constant(DType::kInt64, scalar ? Dims{} : Dims{static_cast<int64_t>(values.size())},
                    {bytes.begin(), bytes.end()});
  }

  static onnx::AttributeDef attribute(std::string name, int64_t value) {
    onnx::AttributeDef def;
    def.name = std::move(name);
    def.type = onnx::AttributeDef::Type::kInt;
    def.i = value;
    return def;
  }
  static onnx::AttributeDef attribute(std::string name, std::vector<int64_t> values) {
    onnx::AttributeDef def;
    def.name = std::move(name);
    def.type = onnx::AttributeDef::Type::kInts;
    def.ints = std::move(values);
    return def;
  }

  // One output; its error is that of the inputs, times `growth`, plus `rounding`.
  bool put(std::string op, std::vector<std::string> inputs, DType dtype, Dims dims, double error,
           std::vector<onnx::AttributeDef> attributes = {}) {
    Made made{fresh("v"), dtype, std::move(dims), error};
    if (made.count() > kMaxCount) return false;
    onnx::NodeDef node;
    node.op_type = std::move(op);
    node.name = fresh("n");
    node.inputs = std::move(inputs);
    node.outputs = {made.name};
    node.attributes = std::move(attributes);
    graph_.model.graph.nodes.push_back(std::move(node));
    made_.push_back(std::move(made));
    ++count_;
    return true;
  }

  // A value that fits, or nullptr.
  template <typename F>
  const Made* find(F&& fits) {
    std::vector<const Made*> all;
    for (const Made& made : made_) {
      if (fits(made)) all.push_back(&made);
    }
    return all.empty() ? nullptr : all[static_cast<size_t>(pick(static_cast<int>(all.size())))];
  }
  const Made* a_float() {
    return find([](const Made& m) { return m.dtype == DType::kFloat && m.error < 1e-3; });
  }
  const Made* any() {
    return find([](const Made&) { return true; });
  }

  // A value again, kept in [-limit, limit], so that nothing grows without bound.
  std::string bounded(const Made& x) {
    onnx::NodeDef node;
    node.op_type = "Tanh";
    node.name = fresh("n");
    node.inputs = {x.name};
    node.outputs = {fresh("t")};
    graph_.model.graph.nodes.push_back(node);
    return node.outputs[0];
  }

  // |x| + 0.5: for divisors, roots and logarithms.
  std::string positive(const Made& x) {
    onnx::NodeDef abs, add;
    abs.op_type = "Abs";
    abs.inputs = {x.name};
    abs.outputs = {fresh("a")};
    add.op_type = "Add";
    add.inputs = {abs.outputs[0], constant(DType::kFloat, {}, some_bytes<float>(1, 0.5, 0.6))};
    add.outputs = {fresh("p")};
    graph_.model.graph.nodes.push_back(abs);
    graph_.model.graph.nodes.push_back(add);
    return add.outputs[0];
  }

  bool unary() {
    const Made* x = a_float();
    if (x == nullptr) return false;
    static const char* const kSmooth[] = {
        "Sin",         "Cos",  "Tanh",      "Sigmoid",   "Erf",      "Relu",
        "Neg",         "Abs",  "LeakyRelu", "Elu",       "Softplus", "Softsign",
        "HardSigmoid", "Selu", "Identity",  "HardSwish", "Atan"};
    return put(kSmooth[pick(17)], {x->name}, DType::kFloat, x->dims, 4 * x->error + kRounding);
  }

  bool positive_unary() {
    const Made* x = a_float();
    if (x == nullptr) return false;
    static const char* const kOps[] = {"Sqrt", "Log", "Reciprocal"};
    const Made copy = *x;
    return put(kOps[pick(3)], {positive(copy)}, DType::kFloat, copy.dims,
               4 * copy.error + kRounding);
  }

  bool exp() {
    const Made* x = a_float();
    if (x == nullptr) return false;
    const Made copy = *x;
    return put("Exp", {bounded(copy)}, DType::kFloat, copy.dims, 4 * copy.error + kRounding);
  }

  bool jump() {
    const Made* x = find([](const Made& m) { return m.dtype == DType::kFloat && m.error == 0; });
    if (x == nullptr) return false;
    static const char* const kOps[] = {"Floor", "Ceil", "Round", "Sign"};
    return put(kOps[pick(4)], {x->name}, DType::kFloat, x->dims, 0);
  }

  bool cast() {
    const Made* x = find([](const Made& m) { return m.error == 0; });
    if (x == nullptr) return false;
    static const DType kTypes[] = {DType::kFloat, DType::kInt64, DType::kInt32, DType::kBool,
                                   DType::kDouble};
    const DType to = kTypes[pick(5)];
    return put("Cast", {x->name}, to, x->dims, 0, {attribute("to", static_cast<int64_t>(to))});
  }

  static bool broadcasts(const Dims& a, const Dims& b, Dims& out) {
    out.assign(std::max(a.size(), b.size()), 1);
    for (size_t i = 0; i < out.size(); ++i) {
      const int64_t x = i + a.size() < out.size() ? 1 : a[i + a.size() - out.size()];
      const int64_t y = i + b.size() < out.size() ? 1 : b[i + b.size() - out.size()];
      if (x != y && x != 1 && y != 1) return false;
      out[i] = x == 1 ? y : x;
    }
    return true;
  }

  // A second operand: another value, or a constant that broadcasts.
  Made partner(const Made& x) {
    Dims out;
    const Made* y = find([&](const Made& m) {
      return m.dtype == x.dtype && m.error < 1e-3 && broadcasts(x.dims, m.dims, out);
    });
    if (y != nullptr && coin()) return *y;
    Dims dims = x.dims;
    for (int64_t& dim : dims) dim = coin() ? 1 : dim;
    if (coin() && !dims.empty()) dims.erase(dims.begin());
    Made made{"", x.dtype, dims, 0};
    if (x.dtype == DType::kFloat) {
      made.name = floats(dims);
    } else {
      std::vector<int64_t> values(static_cast<size_t>(made.count()));
      for (int64_t& value : values) value = 1 + pick(7);
      const auto bytes = std::as_bytes(std::span(values));
      made.name = constant(DType::kInt64, dims, {bytes.begin(), bytes.end()});
    }
    return made;
  }

  bool binary() {
    const Made* found = find([](const Made& m) {
      return (m.dtype == DType::kFloat && m.error < 1e-3) || m.dtype == DType::kInt64;
    });
    if (found == nullptr) return false;
    const Made x = *found;
    const Made y = partner(x);
    Dims out;
    if (!broadcasts(x.dims, y.dims, out)) return false;
    static const char* const kOps[] = {"Add", "Sub", "Mul", "Max", "Min", "Div"};
    const bool whole = x.dtype == DType::kInt64;
    const char* op = kOps[pick(whole ? 5 : 6)];
    std::string divisor = y.name;
    if (std::string_view(op) == "Div") divisor = positive(y);
    // Integers that multiply again and again must not leave 64 bits.
    if (whole && std::string_view(op) == "Mul") op = "Add";
    const double error = whole ? 0 : 4 * (x.error + y.error) + kRounding;
    return put(op, {x.name, divisor}, x.dtype, out, error);
  }

  bool compare() {
    const Made* x = find([](const Made& m) {
      return m.error == 0 && (m.dtype == DType::kFloat || m.dtype == DType::kInt64);
    });
    if (x == nullptr) return false;
    const Made a = *x;
    const Made b = partner(a);
    Dims out;
    if (b.error != 0 || !broadcasts(a.dims, b.dims, out)) return false;
    static const char* const kOps[] = {"Less", "Greater", "Equal", "LessOrEqual", "GreaterOrEqual"};
    return put(kOps[pick(5)], {a.name, b.name}, DType::kBool, out, 0);
  }

  bool where() {
    const Made* c = find([](const Made& m) { return m.dtype == DType::kBool; });
    const Made* x = a_float();
    if (c == nullptr || x == nullptr) return false;
    const Made condition = *c, a = *x;
    const Made b = partner(a);
    Dims both, out;
    if (!broadcasts(a.dims, b.dims, both) || !broadcasts(condition.dims, both, out)) return false;
    return put("Where", {condition.name, a.name, b.name}, a.dtype, out, a.error + b.error);
  }

  bool reduce() {
    const Made* x = find([](const Made& m) {
      return m.dtype == DType::kFloat && m.error < 1e-3 && m.count() > 0 && m.rank() > 0;
    });
    if (x == nullptr) return false;
    static const char* const kOps[] = {"ReduceMean", "ReduceMax",       "ReduceMin",
                                       "ReduceL2",   "ReduceSumSquare", "ReduceL1"};
    const int axis = pick(x->rank());
    const bool keep = coin();
    Dims dims = x->dims;
    dims[static_cast<size_t>(axis)] = 1;
    if (!keep) dims.erase(dims.begin() + axis);
    return put(kOps[pick(6)], {x->name}, DType::kFloat, dims, 16 * x->error + 4 * kRounding,
               {attribute("axes", std::vector<int64_t>{coin() ? axis : axis - x->rank()}),
                attribute("keepdims", keep)});
  }

  bool along_axis() {
    const Made* x = find([](const Made& m) {
      return m.dtype == DType::kFloat && m.error < 1e-3 && m.count() > 0 && m.rank() > 0;
    });
    if (x == nullptr) return false;
    static const char* const kOps[] = {"Softmax", "LogSoftmax"};
    return put(kOps[pick(2)], {x->name}, DType::kFloat, x->dims, 8 * x->error + kRounding,
               {attribute("axis", pick(x->rank()))});
  }

  bool position() {
    const Made* x = find([](const Made& m) {
      return m.dtype == DType::kFloat && m.error == 0 && m.count() > 0 && m.rank() > 0;
    });
    if (x == nullptr) return false;
    const int axis = pick(x->rank());
    Dims dims = x->dims;
    dims[static_cast<size_t>(axis)] = 1;
    return put(coin() ? "ArgMax" : "ArgMin", {x->name}, DType::kInt64, dims, 0,
               {attribute("axis", axis), attribute("keepdims", 1)});
  }

  bool cum_sum() {
    const Made* x = find([](const Made& m) {
      return m.rank() > 0 && ((m.dtype == DType::kFloat && m.error < 1e-3));
    });
    if (x == nullptr) return false;
    const Made copy = *x;
    return put("CumSum", {copy.name, ints({pick(copy.rank())}, true)}, copy.dtype, copy.dims,
               8 * copy.error + kRounding,
               {attribute("exclusive", pick(2)), attribute("reverse", pick(2))});
  }

  bool transpose() {
    const Made* x = any();
    std::vector<int64_t> perm(x->dims.size());
    for (size_t i = 0; i < perm.size(); ++i) perm[i] = static_cast<int64_t>(i);
    std::shuffle(perm.begin(), perm.end(), random_);
    Dims dims;
    for (const int64_t axis : perm) dims.push_back(x->dims[static_cast<size_t>(axis)]);
    return put("Transpose", {x->name}, x->dtype, dims, x->error, {attribute("perm", perm)});
  }

  bool reshape() {
    const Made x = *any();
    if (x.count() == 0) return false;
    Dims dims;
    int64_t left = x.count();
    for (int i = pick(4); i > 0; --i) {
      const int64_t dim = 1 + pick(4);
      if (left % dim != 0) continue;
      dims.push_back(dim);
      left /= dim;
    }
    dims.push_back(left);
    Dims asked = dims;
    if (coin()) asked[static_cast<size_t>(pick(static_cast<int>(asked.size())))] = -1;
    return put("Reshape", {x.name, ints(asked)}, x.dtype, dims, x.error);
  }

  bool unsqueeze() {
    const Made x = *any();
    if (x.rank() > 5) return false;
    const int axis = pick(x.rank() + 1);
    Dims dims = x.dims;
    dims.insert(dims.begin() + axis, 1);
    return put("Unsqueeze", {x.name, ints({axis})}, x.dtype, dims, x.error);
  }

  bool squeeze() {
    const Made* found = find(
        [](const Made& m) { return std::find(m.dims.begin(), m.dims.end(), 1) != m.dims.end(); });
    if (found == nullptr) return false;
    const Made x = *found;
    const auto at = std::find(x.dims.begin(), x.dims.end(), 1) - x.dims.begin();
    Dims dims = x.dims;
    dims.erase(dims.begin() + at);
    return put("Squeeze", {x.name, ints({at})}, x.dtype, dims, x.error);
  }

  bool concat() {
    const Made* found = find([](const Made& m) { return m.rank() > 0; });
    if (found == nullptr) return false;
    const Made x = *found;
    const int axis = pick(x.rank());
    const Made* y = find([&](const Made& m) {
      if (m.dtype != x.dtype || m.rank() != x.rank()) return false;
      for (int i = 0; i < x.rank(); ++i) {
        if (i != axis && m.dims[static_cast<size_t>(i)] != x.dims[static_cast<size_t>(i)])
          return false;
      }
      return true;
    });
    Dims dims = x.dims;
    dims[static_cast<size_t>(axis)] += y->dims[static_cast<size_t>(axis)];
    return put("Concat", {x.name, y->name}, x.dtype, dims, std::max(x.error, y->error),
               {attribute("axis", coin() ? axis : axis - x.rank())});
  }

  bool slice() {
    const Made* found = find([](const Made& m) { return m.rank() > 0; });
    if (found == nullptr) return false;
    const Made x = *found;
    const int axis = pick(x.rank());
    const int64_t size = x.dims[static_cast<size_t>(axis)];
    const int64_t step = coin() ? 1 : coin() ? 2 : -1;
    int64_t start = pick(8) - 2, end = pick(8) - 1;
    Dims dims = x.dims;
    int64_t from = start < 0 ? start + size : start, to = end < 0 ? end + size : end;
    if (step > 0) {
      from = std::clamp<int64_t>(from, 0, size);
      to = std::clamp<int64_t>(to, 0, size);
      dims[static_cast<size_t>(axis)] = std::max<int64_t>(0, (to - from + step - 1) / step);
    } else {
      if (size == 0) return false;
      from = std::clamp<int64_t>(from, 0, size - 1);
      to = std::clamp<int64_t>(to, -1, size - 1);
      dims[static_cast<size_t>(axis)] = std::max<int64_t>(0, from - to);
    }
    return put("Slice", {x.name, ints({start}), ints({end}), ints({axis}), ints({step})}, x.dtype,
               dims, x.error);
  }

  bool gather() {
    const Made* found = find([](const Made& m) { return m.rank() > 0 && m.count() > 0; });
    if (found == nullptr) return false;
    const Made x = *found;
    const int axis = pick(x.rank());
    const int64_t size = x.dims[static_cast<size_t>(axis)];
    std::vector<int64_t> indices(static_cast<size_t>(1 + pick(4)));
    for (int64_t& index : indices) index = pick(static_cast<int>(2 * size)) - size;
    Dims dims = x.dims;
    dims[static_cast<size_t>(axis)] = static_cast<int64_t>(indices.size());
    return put("Gather", {x.name, ints(indices)}, x.dtype, dims, x.error,
               {attribute("axis", axis)});
  }

  bool expand() {
    const Made x = *any();
    Dims dims = x.dims;
    for (int64_t& dim : dims) dim = dim == 1 && coin() ? 1 + pick(4) : dim;
    if (coin() && dims.size() < 5) dims.insert(dims.begin(), 1 + pick(3));
    return put("Expand", {x.name, ints(dims)}, x.dtype, dims, x.error);
  }

  bool tile() {
    const Made x = *any();
    if (x.dtype == DType::kBool || x.rank() == 0) return false;
    Dims repeats(x.dims.size()), dims = x.dims;
    for (size_t i = 0; i < dims.size(); ++i) dims[i] *= repeats[i] = 1 + pick(3);
    return put("Tile", {x.name, ints(repeats)}, x.dtype, dims, x.error);
  }

  bool pad() {
    const Made* found = a_float();
    if (found == nullptr || found->rank() == 0) return false;
    const Made x = *found;
    std::vector<int64_t> pads(2 * x.dims.size());
    Dims dims = x.dims;
    for (size_t i = 0; i < dims.size(); ++i) {
      pads[i] = pick(3);
      pads[i + dims.size()] = pick(3);
      dims[i] += pads[i] + pads[i + dims.size()];
    }
    return put("Pad", {x.name, ints(pads)}, x.dtype, dims, x.error);
  }

  bool shape_of() {
    const Made x = *any();
    return put("Shape", {x.name}, DType::kInt64, {x.rank()}, 0);
  }

  bool matmul() {
    const Made* found = find(
        [](const Made& m) { return m.dtype == DType::kFloat && m.error < 1e-3 && m.rank() >= 1; });
    if (found == nullptr) return false;
    const Made x = *found;
    if (x.dims.back() == 0) return false;  // as in batched_matmul
    const int64_t k = x.dims.back(), n = 1 + pick(40);
    Dims dims = x.dims;
    dims.back() = n;
    return put("MatMul", {x.name, floats({k, n})}, DType::kFloat, dims, 8 * x.error + kRounding);
  }

  bool batched_matmul() {
    const Made* found = find(
        [](const Made& m) { return m.dtype == DType::kFloat && m.error < 1e-3 && m.rank() >= 2; });
    if (found == nullptr) return false;
    const Made x = *found;
    // ONNX Runtime 1.31.1 leaves sums over nothing unwritten from the second matrix on.
    if (x.dims.back() == 0) return false;
    std::vector<int64_t> perm(x.dims.size());
    for (size_t i = 0; i < perm.size(); ++i) perm[i] = static_cast<int64_t>(i);
    std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
    Dims turned = x.dims;
    std::swap(turned[turned.size() - 1], turned[turned.size() - 2]);
    if (!put("Transpose", {x.name}, x.dtype, turned, x.error, {attribute("perm", perm)}))
      return false;
    const Made t = made_.back();
    Dims dims = x.dims;
    dims.back() = x.dims[x.dims.size() - 2];
    return put("MatMul", {x.name, t.name}, DType::kFloat, dims, 16 * x.error + kRounding);
  }

  bool gemm() {
    const Made* found = find(
        [](const Made& m) { return m.dtype == DType::kFloat && m.error < 1e-3 && m.rank() == 2; });
    if (found == nullptr) return false;
    const Made x = *found;
    const bool turn_a = coin(), turn_b = coin();
    const int64_t m = x.dims[turn_a ? 1 : 0], k = x.dims[turn_a ? 0 : 1], n = 1 + pick(20);
    return put("Gemm", {x.name, floats(turn_b ? Dims{n, k} : Dims{k, n}), floats({n})},
               DType::kFloat, {m, n}, 8 * x.error + kRounding,
               {attribute("transA", turn_a), attribute("transB", turn_b)});
  }

  bool conv() {
    const Made* found = find([](const Made& m) {
      return m.dtype == DType::kFloat && m.error < 1e-3 && m.rank() == 3 && m.count() > 0;
    });
    if (found == nullptr) return false;
    const Made x = *found;
    const int64_t channels = x.dims[1], out = 1 + pick(6), kernel = 1 + pick(3), pad = pick(2);
    const int64_t stride = 1 + pick(2), length = x.dims[2] + 2 * pad;
    if (length < kernel || kernel <= pad) return false;
    return put("Conv", {x.name, floats({out, channels, kernel}), floats({out})}, DType::kFloat,
               {x.dims[0], out, (length - kernel) / stride + 1}, 8 * x.error + kRounding,
               {attribute("strides", std::vector<int64_t>{stride}),
                attribute("pads", std::vector<int64_t>{pad, pad})});
  }

  bool layer_norm() {
    const Made* found = find([](const Made& m) {
      return m.dtype == DType::kFloat && m.error == 0 && m.rank() > 0 && m.dims.back() > 1 &&
             m.count() > 0;
    });
    if (found == nullptr) return false;
    const Made x = *found;
    // A row of equal elements is all rounding: such come from Expand, so only inputs are taken.
    if (!x.name.starts_with("in_")) return false;
    return put("LayerNormalization", {x.name, floats({x.dims.back()}), floats({x.dims.back()})},
               DType::kFloat, x.dims, 1e-3);
  }

  void add_node() {
    static const Make kMakers[] = {&Generator::unary,      &Generator::unary,
                                   &Generator::binary,     &Generator::binary,
                                   &Generator::binary,     &Generator::positive_unary,
                                   &Generator::exp,        &Generator::jump,
                                   &Generator::cast,       &Generator::compare,
                                   &Generator::where,      &Generator::reduce,
                                   &Generator::along_axis, &Generator::position,
                                   &Generator::cum_sum,    &Generator::transpose,
                                   &Generator::reshape,    &Generator::unsqueeze,
                                   &Generator::squeeze,    &Generator::concat,
                                   &Generator::slice,      &Generator::gather,
                                   &Generator::expand,     &Generator::tile,
                                   &Generator::pad,        &Generator::shape_of,
                                   &Generator::matmul,     &Generator::batched_matmul,
                                   &Generator::gemm,       &Generator::conv,
                                   &Generator::layer_norm};
    (this->*kMakers[pick(static_cast<int>(std::size(kMakers)))])();
  }

  // What nobody has read is an output, and some of the rest.
  void finish() {
    std::vector<std::string> read;
    for (const onnx::NodeDef& node : graph_.model.graph.nodes) {
      read.insert(read.end(), node.inputs.begin(), node.inputs.end());
    }
    for (const Made& made : made_) {
      if (made.name.starts_with("in_")) continue;
      const bool used = std::find(read.begin(), read.end(), made.name) != read.end();
      if (used && pick(4) != 0) continue;
      graph_.model.graph.outputs.push_back(info(made, false));
      graph_.tolerances.push_back(made.error);
    }
  }

  std::mt19937_64 random_;
  RandomGraph graph_;
  std::vector<Made> made_;
  int count_ = 0, next_name_ = 0;
};

}  // namespace

std::string RandomGraph::describe() const {
  std::string text;
  for (const onnx::NodeDef& node : model.graph.nodes) {
    text +=
        fmt::format("  {} = {}({})", node.outputs[0], node.op_type, fmt::join(node.inputs, ", "));
    for (const onnx::AttributeDef& a : node.attributes) {
      text += a.type == onnx::AttributeDef::Type::kInts
                  ? fmt::format(" {}=[{}]", a.name, fmt::join(a.ints, ","))
                  : fmt::format(" {}={}", a.name, a.i);
    }
    text += "\n";
  }
  return text;
}

RandomGraph make_random_graph(uint64_t seed) { return Generator(seed).run(); }

}  // namespace escuta::fuzz
