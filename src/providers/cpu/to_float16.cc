// ToFloat16 over kernels/vector.
#include "kernels/table.h"
#include "providers/cpu/kernels.h"
#include "providers/cpu/rows.h"

namespace escuta::cpu {
namespace {

constexpr int64_t kGrain = 32768;  // elements that are worth a thread

class ToFloat16 final : public ops::Kernel {
 public:
  Status run(ops::Call& call) const override {
    if (call.dtype(0) != DType::kFloat) {
      return invalid_argument("expected float, found {}", dtype_name(call.dtype(0)));
    }
    const Shape shape = call.shape(0);
    const float* src = call.input(0).as<float>().data();
    ASSIGN_OR_RETURN(std::byte * bytes, call.allocate(0, DType::kFloat16, shape));
    auto* dst = reinterpret_cast<uint16_t*>(bytes);
    const auto& vector = kernels::kernels().vector;
    for_parts(call, shape.count(), kGrain, [&](int64_t begin, int64_t end) {
      vector.to_f16_in_range(src + begin, dst + begin, end - begin);
    });
    return Status();
  }
};

}  // namespace

Result<engine::ChosenKernel> to_float16(const KernelContext&, const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_dtype(node, 0, DType::kFloat));
  return engine::ChosenKernel{std::make_unique<ToFloat16>(), ops::Memory::kNew, {}};
}

}  // namespace escuta::cpu
