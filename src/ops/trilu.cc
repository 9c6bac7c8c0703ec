// Trilu (ai.onnx 14): the upper or lower triangle of matrices, from diagonal `k` on; zeros
// elsewhere.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class Trilu final : public Kernel {
 public:
  explicit Trilu(const NodeInfo& node) : upper_(node.integer("upper", 1) != 0) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
    const Shape& shape = call.shape(0);
    if (shape.rank() < 2) {
      return invalid_argument("expected matrices, found shape {}", shape.to_string());
    }
    int64_t k = 0;
    if (call.has(1)) {
      ASSIGN_OR_RETURN(k, read_int(call, 1, "k"));
    }
    const int64_t rows = shape[shape.rank() - 2], cols = shape[shape.rank() - 1];
    k = std::clamp(k, -rows, cols);
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    RETURN_IF_ERROR(dispatch_by_size(out.dtype(), [&](auto tag) -> Status {
      using T = decltype(tag);
      const T* from = reinterpret_cast<const T*>(src);
      T* to = out.as<T>();
      const int64_t all = shape.count() == 0 ? 0 : shape.count() / cols;
      for (int64_t i = 0; i < all; ++i, from += cols, to += cols) {
        // The upper triangle begins at `edge`, the lower one ends after it.
        const int64_t edge = std::clamp<int64_t>(i % rows + k + (upper_ ? 0 : 1), 0, cols);
        const int64_t begin = upper_ ? edge : 0, end = upper_ ? cols : edge;
        for (int64_t c = 0; c < cols; ++c) to[c] = c >= begin && c < end ? from[c] : T{};
      }
      return {};
    }));
    out.finish();
    return {};
  }

 private:
  bool upper_;
};

}  // namespace

extern const Operator kTrilu = {.domain = "",
                                .name = "Trilu",
                                .versions = {14},
                                .inputs = {1, 2},
                                .infer = infer_same,
                                .create = make<Trilu>};

}  // namespace escuta::ops
