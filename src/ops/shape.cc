// Shape (ai.onnx 1, 13, 15, 19, 21, 23, 24, 25): the dimensions from `start` to `end`.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

// Which dimensions: both ends count from the back when negative, and are clamped.
struct Part {
  int64_t start;
  std::optional<int64_t> end;

  explicit Part(const NodeInfo& node) : start(0) {
    if (node.version() < 15) return;
    start = node.integer("start", 0);
    if (node.has("end")) end = node.integer("end", 0);
  }
  static int64_t resolve(int64_t at, int64_t rank) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  }
  int64_t first(int64_t rank) const { return resolve(start, rank); }
  int64_t last(int64_t rank) const {
    return std::max(first(rank), end ? resolve(*end, rank) : rank);
  }
};

void infer(Inference& node) {
  const Part part(node);
  const std::optional<Dims>& dims = node.shape(0);
  if (!dims) {
    node.set(0, DType::kInt64, Dims(1));
    return;
  }
  const auto rank = static_cast<int64_t>(dims->size());
  const int64_t first = part.first(rank), last = part.last(rank);
  node.set(0, DType::kInt64, Dims{Dim(last - first)});
  set_elements(node, 0, Dims(dims->begin() + first, dims->begin() + last));
}

class ShapeOf final : public Kernel {
 public:
  explicit ShapeOf(const NodeInfo& node) : part_(node) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    const Shape& shape = call.shape(0);
    const int64_t first = part_.first(shape.rank()), last = part_.last(shape.rank());
    ASSIGN_OR_RETURN(int64_t * dst, call.output<int64_t>(0, Shape{last - first}));
    std::copy_n(shape.dims().begin() + first, last - first, dst);
    return {};
  }

 private:
  Part part_;
};

}  // namespace

extern const Operator kShape = {.domain = "",
                                .name = "Shape",
                                .versions = {1, 13, 15, 19, 21, 23, 24, 25},
                                .inputs = {1, 1},
                                .infer = infer,
                                .create = make<ShapeOf>};

}  // namespace escuta::ops
