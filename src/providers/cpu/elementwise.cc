// Functions of one f32 tensor, and of one and a bias, over kernels/vector.
#include <cmath>

#include "kernels/table.h"
#include "kernels/table_entry.h"
#include "kernels/vector.h"
#include "providers/cpu/kernels.h"
#include "providers/cpu/rows.h"

namespace escuta::cpu {
namespace {

constexpr int64_t kGrain = 8192;  // elements that are worth a thread

class Elementwise final : public ops::Kernel {
 public:
  explicit Elementwise(kernels::UnaryKernel* loop) : loop_(loop) {}

  Status run(ops::Call& call) const override {
    if (call.dtype(0) != DType::kFloat) {
      return invalid_argument("expected float, found {}", dtype_name(call.dtype(0)));
    }
    const float* src = call.input(0).as<float>().data();
    const Shape shape = call.shape(0);
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    for_parts(call, shape.count(), kGrain,
              [&](int64_t begin, int64_t end) { loop_(src + begin, dst + begin, end - begin); });
    return Status();
  }

 private:
  kernels::UnaryKernel* loop_;
};

// x * sigmoid(alpha x) = silu(alpha x) / alpha.
class Swish final : public ops::Kernel {
 public:
  explicit Swish(float alpha) : alpha_(alpha) {}

  Status run(ops::Call& call) const override {
    if (call.dtype(0) != DType::kFloat) {
      return invalid_argument("expected float, found {}", dtype_name(call.dtype(0)));
    }
    const float* src = call.input(0).as<float>().data();
    const Shape shape = call.shape(0);
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    const kernels::VectorLoops& loops = kernels::kernels().vector;
    for_parts(call, shape.count(), kGrain, [&](int64_t begin, int64_t end) {
      const int64_t n = end - begin;
      if (alpha_ == 1) return loops.silu(src + begin, dst + begin, n);
      loops.affine(src + begin, alpha_, 0, dst + begin, n);
      loops.silu(dst + begin, dst + begin, n);
      loops.affine(dst + begin, 1 / alpha_, 0, dst + begin, n);
    });
    return Status();
  }

 private:
  float alpha_;
};

kernels::UnaryKernel* loop_of(const ops::NodeInfo& node) {
  const kernels::VectorLoops& loops = kernels::kernels().vector;
  const std::string& op = node.node().op_type;
  if (op == "Gelu")
    return node.text("approximate", "none") == "tanh" ? loops.gelu_tanh : loops.gelu_erf;
  const struct {
    std::string_view name;
    kernels::UnaryKernel* loop;
  } table[] = {{"Sin", loops.sin},   {"Cos", loops.cos},   {"Exp", loops.exp},
               {"Log", loops.log},   {"Erf", loops.erf},   {"Tanh", loops.tanh},
               {"Relu", loops.relu}, {"Sqrt", loops.sqrt}, {"Sigmoid", loops.sigmoid},
               {"Abs", loops.abs},   {"Neg", loops.negate}};
  for (const auto& entry : table) {
    if (entry.name == op) return entry.loop;
  }
  return nullptr;
}

// Gelu(x + bias) and its like: the bias belongs to the last dimension.
class BiasActivation final : public ops::Kernel {
 public:
  explicit BiasActivation(kernels::Activation activation) : activation_(activation) {}

  Status run(ops::Call& call) const override {
    const Shape shape = call.shape(0);
    const int64_t cols = shape.rank() == 0 ? 1 : shape[shape.rank() - 1];
    const bool biased = call.has(1);
    if (call.dtype(0) != DType::kFloat ||
        (biased && (call.dtype(1) != DType::kFloat || call.input(1).count() != cols))) {
      return invalid_argument("expected floats and a bias of {} floats, found {} and {}", cols,
                              shape.to_string(), call.shape(1).to_string());
    }
    const float* src = call.input(0).as<float>().data();
    const float* bias = biased ? call.input(1).as<float>().data() : nullptr;
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    if (shape.count() == 0) return Status();
    for_parts(call, shape.count() / cols, std::max<int64_t>(kGrain / cols, 1),
              [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row) {
                  kernels::kernels().vector.bias_activation(src + row * cols, bias, activation_,
                                                            dst + row * cols, cols);
                }
              });
    return Status();
  }

 private:
  kernels::Activation activation_;
};

}  // namespace

Result<engine::ChosenKernel> elementwise(const KernelContext&, const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_dtype(node, 0, DType::kFloat));
  kernels::UnaryKernel* loop = loop_of(node);
  if (loop == nullptr) return unimplemented("no loop for it");
  RETURN_IF_ERROR(node.status());
  return engine::ChosenKernel{std::make_unique<Elementwise>(loop), ops::Memory::kInPlace, {}};
}

Result<engine::ChosenKernel> swish(const KernelContext&, const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_dtype(node, 0, DType::kFloat));
  const float alpha = node.number("alpha", node.node().op_type == "QuickGelu" ? 1.702f : 1.0f);
  RETURN_IF_ERROR(node.status());
  // Further out, one of the two products leaves the range of floats.
  if (!(std::abs(alpha) >= 1e-3f && std::abs(alpha) <= 1e3f)) {
    return unimplemented("the factor {}", alpha);
  }
  return engine::ChosenKernel{std::make_unique<Swish>(alpha), ops::Memory::kInPlace, {}};
}

Result<engine::ChosenKernel> bias_activation(const KernelContext&, const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_dtype(node, 0, DType::kFloat));
  if (node.has_input(1)) RETURN_IF_ERROR(require_dtype(node, 1, DType::kFloat));
  const auto activation = node.node().op_type == "FastGelu" ? kernels::Activation::kGeluTanh
                                                            : kernels::Activation::kGeluErf;
  return engine::ChosenKernel{
      std::make_unique<BiasActivation>(activation), ops::Memory::kInPlace, {}};
}

}  // namespace escuta::cpu
