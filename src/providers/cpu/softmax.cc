// Softmax and LogSoftmax in f32 over the last dimensions.
#include "kernels/rows.h"
#include "kernels/table.h"
#include "kernels/table_entry.h"
#include "providers/cpu/kernels.h"
#include "providers/cpu/rows.h"

namespace escuta::cpu {
namespace {

class Softmax final : public ops::Kernel {
 public:
  explicit Softmax(const ops::NodeInfo& node)
      : flattened_(node.version() < 13),
        axis_(node.integer("axis", flattened_ ? 1 : -1)),
        log_(node.node().op_type == "LogSoftmax") {}

  // Whether softmax runs over what is contiguous, whatever the rank turns out to be.
  bool takes(std::optional<int> rank) const {
    return flattened_ || axis_ == -1 || (rank && axis_ == *rank - 1);
  }

  Status run(ops::Call& call) const override {
    const Shape& shape = call.shape(0);
    const int64_t axis = axis_ < 0 ? axis_ + shape.rank() : axis_;
    if (axis < 0 || axis > shape.rank() || (axis == shape.rank() && !flattened_)) {
      return invalid_argument("axis {} is outside of shape {}", axis_, shape.to_string());
    }
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    int64_t cols = 1;
    for (int64_t i = axis; i < shape.rank(); ++i) cols *= shape[static_cast<int>(i)];
    if (shape.count() == 0) return Status();
    const float* src = call.input(0).as<float>().data();
    for_parts(call, shape.count() / cols, std::max<int64_t>(4096 / cols, 1),
              [&](int64_t begin, int64_t end) {
                kernels::SoftmaxRows rows;
                rows.rows = end - begin;
                rows.cols = cols;
                rows.src = src + begin * cols;
                rows.dst = dst + begin * cols;
                rows.src_stride = rows.dst_stride = cols;
                rows.log = log_;
                kernels::kernels().softmax_rows(rows);
              });
    return Status();
  }

 private:
  bool flattened_;
  int64_t axis_;
  bool log_;
};

}  // namespace

Result<engine::ChosenKernel> softmax(const KernelContext&, const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_dtype(node, 0, DType::kFloat));
  auto kernel = std::make_unique<Softmax>(node);
  RETURN_IF_ERROR(node.status());
  if (!kernel->takes(node.rank(0))) return unimplemented("an axis that is not the last");
  return engine::ChosenKernel{std::move(kernel), ops::Memory::kNew, {}};
}

}  // namespace escuta::cpu
