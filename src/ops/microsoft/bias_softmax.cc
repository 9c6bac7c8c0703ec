// BiasSoftmax (com.microsoft 1): softmax over the dimensions from `axis` on of data + bias. The
// bias has the dimensions from `axis` on, and is shared over some of those before: where
// is_inner_broadcast, over the ones next to `axis` (bias [B, 1, ..., rest]), else over the first
// ones (bias [1, ..., rest]).
#include <algorithm>
#include <cmath>

#include "ops/broadcast.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class BiasSoftmax final : public Kernel {
 public:
  explicit BiasSoftmax(const NodeInfo& node) : axis_(node.integer("axis", 1)) {}

  Status run(Call& call) const override {
    const Shape& shape = call.shape(0);
    const int64_t axis = axis_ < 0 ? axis_ + shape.rank() : axis_;
    if (axis < 0 || axis > shape.rank()) {
      return invalid_argument("axis {} is outside of shape {}", axis_, shape.to_string());
    }
    if (call.dtype(0) != call.dtype(1)) {
      return invalid_argument("expected inputs of one element type, found {} and {}",
                              dtype_name(call.dtype(0)), dtype_name(call.dtype(1)));
    }
    ASSIGN_OR_RETURN(const auto broadcast, Broadcast<2>::create({&shape, &call.shape(1)}));
    if (!(broadcast.shape() == shape)) {
      return invalid_argument("expected a bias that broadcasts to {}, found {}", shape.to_string(),
                              call.shape(1).to_string());
    }
    int64_t rows = 1, cols = 1;
    for (int i = 0; i < shape.rank(); ++i) (i < axis ? rows : cols) *= shape[i];
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      return softmax<decltype(tag)>(call, broadcast, rows, cols);
    });
  }

 private:
  template <typename T>
  static Status softmax(Call& call, const Broadcast<2>& broadcast, int64_t rows, int64_t cols) {
    using W = Wide<T>;
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, broadcast.shape()));
    if (broadcast.shape().count() == 0) return {};
    ASSIGN_OR_RETURN(W * sums, call.scratch_of<W>(rows * cols));
    const T* data = call.input(0).as<T>().data();
    const T* bias = call.input(1).as<T>().data();
    broadcast.for_each_run([&](int64_t at, int64_t count, const auto& src, const auto& steps) {
      for (int64_t i = 0; i < count; ++i) {
        sums[at + i] = static_cast<W>(data[src[0] + i * steps[0]]) +
                       static_cast<W>(bias[src[1] + i * steps[1]]);
      }
    });
    for (int64_t r = 0; r < rows; ++r) {
      W* row = sums + r * cols;
      const W top = *std::max_element(row, row + cols);
      double sum = 0;
      for (int64_t i = 0; i < cols; ++i) sum += row[i] = std::exp(row[i] - top);
      for (int64_t i = 0; i < cols; ++i) {
        dst[r * cols + i] = static_cast<T>(static_cast<W>(row[i] / sum));
      }
    }
    return {};
  }

  int64_t axis_;
};

}  // namespace

extern const Operator kMsBiasSoftmax = {.domain = "com.microsoft",
                                        .name = "BiasSoftmax",
                                        .versions = {1},
                                        .inputs = {2, 2},
                                        .infer = infer_same,
                                        .create = make<BiasSoftmax>,
                                        .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
