// Which kernel runs a node: the first of the operator's fast ones that takes it, or its plain loop.
//
// A fast kernel is a function in a file of this folder and a line in list.inc. It looks at what is
// known of the node before the first run (types, ranks, constants) and refuses what it was not made
// for, with a reason; the next in the list is asked, and the operator's own loop takes the rest.
#pragma once

#include <filesystem>
#include <string>

#include "engine/program.h"
#include "engine/provider.h"
#include "kernels/gemm.h"
#include "providers/cpu/packed_weights.h"

namespace escuta::cpu {

// What kernels are made with.
struct KernelContext {
  std::filesystem::path model;  // the file that constants come from
  PackedWeights* weights = nullptr;
  int threads = 1;
  bool fast = true;  // false: plain loops only
  engine::Precision precision = engine::Precision::kModel;
};

// A kernel, or (kUnimplemented) why it does not take the node.
using CreateKernel = Result<engine::ChosenKernel>(const KernelContext& context,
                                                  const ops::NodeInfo& node);

// Any thread. For --verbose: `refusals` gets a line per fast kernel that refused; may be null.
Result<engine::ChosenKernel> choose_kernel(const KernelContext& context, const ops::Operator& op,
                                           const ops::NodeInfo& node,
                                           std::vector<std::string>* refusals);

// The refusal that most kernels begin with: input i is not known to be of this type.
Status require_dtype(const ops::NodeInfo& node, size_t i, DType dtype);

// The attribute `activation` of products; errors go to node.fail().
kernels::Activation activation_of(const ops::NodeInfo& node);

// Input i, one float for each of n columns; null where it is absent. InvalidArgument.
Result<const float*> column_bias(const ops::Call& call, size_t i, int64_t n);

// A constant matrix on the right as kernels/gemm reads it, in 16 bits where that changes nothing.
struct RightSide {
  std::shared_ptr<const PackedWeight> panels;  // of a kernels::PanelType; null: none is kept
  void give(kernels::Gemm& gemm) const {
    gemm.packed_b = panels->bytes.data();
    gemm.packed_type = static_cast<kernels::PanelType>(panels->kind);
  }
};

// Of floats, [k, n] or, transposed, [n, k]; packed once. A vocabulary's, where the session asks for
// 8 bits, in those.
Result<RightSide> pack_right_side(const KernelContext& context, const graph::Constant& b,
                                  bool transposed);

// Whether a product by this matrix chooses among classes, as that by a vocabulary does: many more
// columns than rows. Its results are compared with one another, so that the left side keeps its
// digits when weights go to 8 bits.
bool is_vocabulary(const graph::Constant& b, bool transposed);

}  // namespace escuta::cpu
