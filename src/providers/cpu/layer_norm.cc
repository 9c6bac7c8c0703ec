// LayerNormalization, SimplifiedLayerNormalization, RMSNormalization and their Skip forms in f32
// over the last dimension.
#include <array>

#include "kernels/rows.h"
#include "kernels/table.h"
#include "kernels/table_entry.h"
#include "providers/cpu/kernels.h"
#include "providers/cpu/rows.h"

namespace escuta::cpu {
namespace {

// Which inputs and outputs are what; kNone where the operator has none.
struct Layout {
  static constexpr size_t kNone = 99;
  bool rms = false;
  size_t skip = kNone, gain = 1, bias = kNone, skip_bias = kNone;
  size_t mean = kNone, inverse = kNone, sum = kNone;
};

Layout layout_of(std::string_view op) {
  constexpr size_t kNone = Layout::kNone;
  if (op == "LayerNormalization") return {false, kNone, 1, 2, kNone, 1, 2, kNone};
  if (op == "SkipLayerNormalization") return {false, 1, 2, 3, 4, 1, 2, 3};
  if (op == "SkipSimplifiedLayerNormalization") return {true, 1, 2, kNone, 3, 1, 2, 3};
  return {true, kNone, 1, kNone, kNone, kNone, 1, kNone};  // RMSNormalization and Simplified
}

class LayerNorm final : public ops::Kernel {
 public:
  LayerNorm(const ops::NodeInfo& node, const Layout& layout)
      : layout_(layout), epsilon_(node.number("epsilon", layout.skip < 9 ? 1e-12f : 1e-5f)) {}

  Status run(ops::Call& call) const override {
    const Shape& shape = call.shape(0);
    if (shape.rank() == 0) return invalid_argument("expected at least one dimension, found none");
    const int64_t cols = shape[shape.rank() - 1];
    // A skip of fewer rows serves again and again: [S, M] or [1, S, M] for [B, S, M].
    const int64_t skip_count =
        layout_.skip == Layout::kNone ? shape.count() : call.input(layout_.skip).count();
    if (skip_count == 0 ? shape.count() != 0 : shape.count() % skip_count != 0) {
      return invalid_argument("expected a skip that fits input {}, found {}", shape.to_string(),
                              call.shape(layout_.skip).to_string());
    }
    RETURN_IF_ERROR(check(call, layout_.skip, skip_count));
    for (const size_t vector : {layout_.gain, layout_.bias, layout_.skip_bias}) {
      RETURN_IF_ERROR(check(call, vector, cols));
    }
    const int64_t rows = cols == 0 ? 0 : shape.count() / cols;
    kernels::NormRows plan;
    plan.cols = cols;
    plan.rms = layout_.rms;
    plan.epsilon = epsilon_;
    plan.src_stride = plan.skip_stride = plan.sum_stride = plan.dst_stride = cols;
    plan.src = call.input(0).as<float>().data();
    plan.skip = floats(call, layout_.skip);
    plan.gain = floats(call, layout_.gain);
    plan.bias = floats(call, layout_.bias);
    plan.skip_bias = floats(call, layout_.skip_bias);
    ASSIGN_OR_RETURN(plan.dst, call.output<float>(0, shape));
    if (call.wants(layout_.sum)) {
      ASSIGN_OR_RETURN(plan.sum, call.output<float>(layout_.sum, shape));
    }
    ASSIGN_OR_RETURN(plan.mean, moments(call, layout_.mean));
    ASSIGN_OR_RETURN(plan.inverse_std, moments(call, layout_.inverse));
    for_parts(call, rows, std::max<int64_t>(4096 / std::max<int64_t>(cols, 1), 1),
              [&](int64_t begin, int64_t end) { run_rows(plan, begin, end, skip_count / cols); });
    return Status();
  }

 private:
  static Status check(const ops::Call& call, size_t i, int64_t count) {
    if (i == Layout::kNone || !call.has(i)) return Status();
    const Datum& input = call.input(i);
    if (input.dtype() == DType::kFloat && input.count() == count) return Status();
    return invalid_argument("expected {} floats as input {}, found {} {}", count, i,
                            dtype_name(input.dtype()), input.shape().to_string());
  }

  static const float* floats(const ops::Call& call, size_t i) {
    return i == Layout::kNone || !call.has(i) ? nullptr : call.input(i).as<float>().data();
  }

  static Result<float*> moments(ops::Call& call, size_t output) {
    if (!call.wants(output)) return static_cast<float*>(nullptr);
    const Shape& shape = call.shape(0);
    std::array<int64_t, kMaxRank> dims{};
    std::copy(shape.dims().begin(), shape.dims().end(), dims.begin());
    dims[static_cast<size_t>(shape.rank()) - 1] = 1;
    ASSIGN_OR_RETURN(const Shape one,
                     Shape::create({dims.data(), static_cast<size_t>(shape.rank())}));
    return call.output<float>(output, one);
  }

  static void run_rows(const kernels::NormRows& all, int64_t begin, int64_t end,
                       int64_t skip_rows) {
    while (begin < end) {
      kernels::NormRows plan = all;
      const auto move = [](auto*& data, int64_t by) {
        if (data != nullptr) data += by;
      };
      plan.rows = std::min(end - begin, skip_rows - begin % skip_rows);
      move(plan.src, begin * plan.cols);
      move(plan.skip, begin % skip_rows * plan.cols);
      move(plan.dst, begin * plan.cols);
      move(plan.sum, begin * plan.cols);
      move(plan.mean, begin);
      move(plan.inverse_std, begin);
      kernels::kernels().norm_rows(plan);
      begin += plan.rows;
    }
  }

  Layout layout_;
  float epsilon_;
};

}  // namespace

Result<engine::ChosenKernel> layer_norm(const KernelContext&, const ops::NodeInfo& node) {
  const Layout layout = layout_of(node.node().op_type);
  RETURN_IF_ERROR(require_dtype(node, 0, DType::kFloat));
  const auto rank = node.rank(0);
  const int64_t axis = node.integer("axis", -1);
  if (axis != -1 && (!rank || axis != *rank - 1))
    return unimplemented("an axis that is not the last");
  if (node.integer("stash_type", 1) != 1) return unimplemented("a stash type that is not float");
  if (layout.rms && node.has_output(1) && layout.mean != Layout::kNone) {
    return unimplemented("means of a root mean square");
  }
  for (const size_t vector : {layout.gain, layout.bias, layout.skip_bias}) {
    if (vector == Layout::kNone || !node.has_input(vector)) continue;
    RETURN_IF_ERROR(require_dtype(node, vector, DType::kFloat));
    const auto& shape = node.input(vector).shape;
    const auto& src = node.input(0).shape;
    if (!shape || shape->size() != 1 || !src || src->empty() || !shape->front().is_known() ||
        shape->front() != src->back()) {
      return unimplemented("a gain or bias that is not known to be one number per column");
    }
  }
  if (layout.skip != Layout::kNone)
    RETURN_IF_ERROR(require_dtype(node, layout.skip, DType::kFloat));
  auto kernel = std::make_unique<LayerNorm>(node, layout);
  RETURN_IF_ERROR(node.status());
  return engine::ChosenKernel{std::move(kernel), ops::Memory::kNew, {}};
}

}  // namespace escuta::cpu
