#include "providers/cpu/kernels.h"

#include "kernels/gemm.h"

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

Result<std::shared_ptr<const Buffer>> pack_right_side(const KernelContext& context,
                                                      const graph::Constant& b, bool transposed) {
  const int64_t k = b.shape[transposed ? 1 : 0], n = b.shape[transposed ? 0 : 1];
  const auto pack = [&](const std::byte* src, std::byte* dst) {
    kernels::pack_b(reinterpret_cast<const float*>(src), b.shape[1], transposed, k, n,
                    reinterpret_cast<float*>(dst));
  };
  return context.weights->get(context.model, b, fmt::format("gemm_b:{}:{}:{}", k, n, transposed),
                              kernels::packed_b_bytes(k, n), pack);
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
