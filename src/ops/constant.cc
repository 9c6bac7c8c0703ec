// Constant (ai.onnx 1, 9, 11, 12, 13, 19, 21, 23, 24, 25): the tensor in one of its attributes.
#include <cstring>

#include "ops/constant_datum.h"
#include "ops/copy.h"
#include "ops/dispatch.h"
#include "ops/operator.h"
#include "ops/sparse_tensor.h"

namespace escuta::ops {
namespace {

template <typename T>
graph::ConstantPtr make_constant(const Shape& shape, std::vector<T> values) {
  auto owner = std::make_shared<const std::vector<T>>(std::move(values));
  auto constant = std::make_shared<graph::Constant>();
  constant->dtype = dtype_of<T>();
  constant->shape = shape;
  constant->bytes = std::as_bytes(std::span(*owner));
  constant->owner = std::move(owner);
  return constant;
}

graph::ConstantPtr make_strings(const Shape& shape, std::vector<std::string> values) {
  auto constant = std::make_shared<graph::Constant>();
  constant->dtype = DType::kString;
  constant->shape = shape;
  constant->strings = std::move(values);
  return constant;
}

Shape vector_of(size_t count) { return Shape{static_cast<int64_t>(count)}; }

constexpr std::string_view kAttributes[] = {"value",         "value_int",    "value_ints",
                                            "value_float",   "value_floats", "value_string",
                                            "value_strings", "sparse_value"};

// The dense tensor; nullptr for a sparse one. Fails the node unless it has exactly one attribute.
graph::ConstantPtr constant_of(const NodeInfo& node) {
  std::string_view name;
  int count = 0;
  for (const std::string_view attribute : kAttributes) {
    if (!node.has(attribute)) continue;
    name = attribute;
    ++count;
  }
  if (count != 1) {
    node.fail(invalid_argument("expected one attribute with the value, found {}", count));
    return nullptr;
  }
  if (name == "value") return node.tensor(name);
  if (name == "value_int") return make_constant<int64_t>({}, {node.integer(name, 0)});
  if (name == "value_float") return make_constant<float>({}, {node.number(name, 0)});
  if (name == "value_string") return make_strings({}, {node.text(name, "")});
  if (name == "value_ints") {
    std::vector<int64_t> values = node.integers(name);
    const Shape shape = vector_of(values.size());
    return make_constant(shape, std::move(values));
  }
  if (name == "value_floats") {
    std::vector<float> values = node.numbers(name);
    const Shape shape = vector_of(values.size());
    return make_constant(shape, std::move(values));
  }
  if (name == "value_strings") {
    std::vector<std::string> values = node.texts(name);
    const Shape shape = vector_of(values.size());
    return make_strings(shape, std::move(values));
  }
  return nullptr;
}

graph::SparseConstantPtr sparse_of(const NodeInfo& node) {
  const auto* sparse = node.node().get<graph::SparseConstantPtr>("sparse_value");
  if (sparse == nullptr || *sparse == nullptr || (*sparse)->values == nullptr ||
      (*sparse)->indices == nullptr) {
    node.fail(invalid_argument("attribute `sparse_value`: expected a sparse tensor"));
    return nullptr;
  }
  return *sparse;
}

void infer(Inference& node) {
  if (node.has("sparse_value")) {
    const graph::SparseConstantPtr sparse = sparse_of(node);
    if (sparse == nullptr) return;
    Dims dims;
    for (const int64_t dim : sparse->shape.dims()) dims.emplace_back(dim);
    node.set(0, sparse->values->dtype, std::move(dims));
    return;
  }
  const graph::ConstantPtr constant = constant_of(node);
  if (constant != nullptr && node.has_output(0)) node.output(0) = Fact::of(constant);
}

class Dense final : public Kernel {
 public:
  explicit Dense(Datum value) : value_(std::move(value)) {}
  Status run(Call& call) const override {
    call.set(0, value_);
    return {};
  }

 private:
  Datum value_;
};

class Sparse final : public Kernel {
 public:
  explicit Sparse(SparseTensor tensor) : tensor_(std::move(tensor)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, tensor_.dtype(), tensor_.shape()));
    tensor_.write(dst);
    return {};
  }

 private:
  SparseTensor tensor_;
};

Result<KernelPtr> create_sparse(const NodeInfo& node) {
  const graph::SparseConstantPtr sparse = sparse_of(node);
  if (sparse == nullptr) return node.status();
  ASSIGN_OR_RETURN(SparseTensor tensor, SparseTensor::create(*sparse));
  return KernelPtr(std::make_unique<Sparse>(std::move(tensor)));
}

Result<KernelPtr> create(const NodeInfo& node) {
  if (node.has("sparse_value")) return create_sparse(node);
  const graph::ConstantPtr constant = constant_of(node);
  if (!node.status().ok()) return node.status();
  if (constant == nullptr) return invalid_argument("attribute `value`: expected a tensor");
  ASSIGN_OR_RETURN(Datum value, datum_of(constant));
  return KernelPtr(std::make_unique<Dense>(std::move(value)));
}

}  // namespace

extern const Operator kConstant = {.domain = "",
                                   .name = "Constant",
                                   .versions = {1, 9, 11, 12, 13, 19, 21, 23, 24, 25},
                                   .inputs = {0, 0},
                                   .infer = infer,
                                   .create = create};

}  // namespace escuta::ops
