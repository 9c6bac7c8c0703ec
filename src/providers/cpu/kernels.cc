#include "providers/cpu/kernels.h"

#include <algorithm>

#include "base/files.h"

namespace escuta::cpu {

#define KERNEL(domain, op, function, file) CreateKernel function;
#include "providers/cpu/list.inc"
#undef KERNEL

namespace {

struct Entry {
  std::string_view domain, op, name;
  CreateKernel* create;
};

const Entry kEntries[] = {
#define KERNEL(domain, op, function, file) {domain, op, #function, function},
#include "providers/cpu/list.inc"
#undef KERNEL
};

}  // namespace

Status require_dtype(const ops::NodeInfo& node, size_t i, DType dtype) {
  if (node.dtype(i) == dtype) return Status();
  return unimplemented(
      "expected input {} to be {}, found {}", i, dtype_name(dtype),
      node.dtype(i) == DType::kUndefined ? "an unknown type" : dtype_name(node.dtype(i)));
}

kernels::Activation activation_of(const ops::NodeInfo& node) {
  const std::string name = node.text("activation", "");
  if (name.empty()) return kernels::Activation::kNone;
  constexpr std::pair<std::string_view, kernels::Activation> kNames[] = {
      {"Relu", kernels::Activation::kRelu},         {"Tanh", kernels::Activation::kTanh},
      {"Sigmoid", kernels::Activation::kSigmoid},   {"Gelu", kernels::Activation::kGeluErf},
      {"GeluTanh", kernels::Activation::kGeluTanh}, {"Silu", kernels::Activation::kSilu}};
  for (const auto& [known, activation] : kNames) {
    if (known == name) return activation;
  }
  node.fail(unimplemented("the activation {}", name));
  return kernels::Activation::kNone;
}

Result<const float*> column_bias(const ops::Call& call, size_t i, int64_t n) {
  if (!call.has(i)) return nullptr;
  if (call.dtype(i) != DType::kFloat || call.input(i).count() != n) {
    return invalid_argument("expected a bias of {} floats, found {} {}", n,
                            dtype_name(call.dtype(i)), call.shape(i).to_string());
  }
  return call.input(i).as<float>().data();
}

bool is_vocabulary(const graph::Constant& b, bool transposed) {
  constexpr int64_t kClassesPerInput = 16;
  const int64_t k = b.shape[transposed ? 1 : 0], n = b.shape[transposed ? 0 : 1];
  return n / kClassesPerInput > k;
}

Result<RightSide> pack_right_side(const KernelContext& context, const graph::Constant& b,
                                  bool transposed) {
  const int64_t k = b.shape[transposed ? 1 : 0], n = b.shape[transposed ? 0 : 1];
  const auto row_bytes = static_cast<size_t>(b.shape[1]) * sizeof(float);
  const auto rows_read = [&](long begin, long end) {
    // A vocabulary's pages would be most of what loading needs at its peak.
    if (b.mapped) release_pages(b.bytes.subspan(begin * row_bytes, (end - begin) * row_bytes));
  };
  const bool codes = context.precision == engine::Precision::kInt8 && is_vocabulary(b, transposed);
  const auto make = [&](const std::byte* bytes) -> Result<PackedWeight> {
    using kernels::PanelType;
    const auto* src = reinterpret_cast<const float*>(bytes);
    PackedWeight packed;
    // The first numbers tell what to try; packing proves it for all.
    PanelType type =
        codes ? PanelType::kInt8 : kernels::panel_type_for(src, std::min<int64_t>(k * n, 4096));
    for (bool done = false; !done;) {
      packed.kind = static_cast<int>(type);
      const size_t size = kernels::packed_b_bytes_as(type, k, n);
      if (packed.bytes.size() < size) {
        ASSIGN_OR_RETURN(packed.bytes, Buffer::allocate_for_long(size));
      }
      done = kernels::pack_b_as(type, src, b.shape[1], transposed, k, n, packed.bytes.data(),
                                rows_read);
      type = type == PanelType::kFloat16 ? PanelType::kBfloat16 : PanelType::kOwn;
    }
    return packed;
  };
  RightSide side;
  ASSIGN_OR_RETURN(
      side.panels,
      context.weights->get(context.model, b,
                           fmt::format("gemm_b{}:{}:{}:{}", codes ? "_int8" : "", k, n, transposed),
                           make));
  return side;
}

Result<engine::ChosenKernel> choose_kernel(const KernelContext& context, const ops::Operator& op,
                                           const ops::NodeInfo& node,
                                           std::vector<std::string>* refusals) {
  for (const Entry& entry : kEntries) {
    if (entry.op != op.name || entry.domain != op.domain || !context.fast) continue;
    Result<engine::ChosenKernel> made = entry.create(context, node);
    if (made.ok() || made.status().code() != StatusCode::kUnimplemented) return made;
    if (refusals != nullptr) {
      refusals->push_back(fmt::format("{}: {} does not take it: {}", node.node().to_string(),
                                      entry.name, made.status().message()));
    }
  }
  engine::ChosenKernel chosen;
  ASSIGN_OR_RETURN(chosen.kernel, op.create(node));
  chosen.memory = op.memory;
  return chosen;
}

}  // namespace escuta::cpu
