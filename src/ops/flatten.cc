// Flatten (ai.onnx 1, 9, 11, 13, 21, 23, 24, 25): a matrix, the dimensions before `axis` by those
// from it on.
#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// axis in [-rank, rank] -> [0, rank].
Result<int> resolve(int64_t axis, int rank) {
  if (axis < -rank || axis > rank) {
    return invalid_argument("expected an axis from {} to {}, found {}", -rank, rank, axis);
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

void infer(Inference& node) {
  Dims dims(2);
  if (const std::optional<Dims>& input = node.shape(0)) {
    const Result<int> axis = resolve(node.integer("axis", 1), static_cast<int>(input->size()));
    if (!axis.ok()) {
      node.fail(axis.status());
      return;
    }
    dims = {product(Dims(input->begin(), input->begin() + *axis)),
            product(Dims(input->begin() + *axis, input->end()))};
  }
  node.set(0, node.dtype(0), std::move(dims));
}

class Flatten final : public Kernel {
 public:
  explicit Flatten(const NodeInfo& node) : axis_(node.integer("axis", 1)) {}

  Status run(Call& call) const override {
    const Shape& shape = call.shape(0);
    ASSIGN_OR_RETURN(const int axis, resolve(axis_, shape.rank()));
    std::array<int64_t, 2> dims = {1, 1};
    for (int i = 0; i < shape.rank(); ++i) dims[i < axis ? 0 : 1] *= shape[i];
    ASSIGN_OR_RETURN(const Shape matrix, Shape::create(dims));
    return set_view(call, 0, matrix);
  }

 private:
  int64_t axis_;
};

}  // namespace

extern const Operator kFlatten = {.domain = "",
                                  .name = "Flatten",
                                  .versions = {1, 9, 11, 13, 21, 23, 24, 25},
                                  .inputs = {1, 1},
                                  .infer = infer,
                                  .create = make<Flatten>,
                                  .memory = Memory::kView};

}  // namespace escuta::ops
