// ReverseSequence (ai.onnx 10): of each batch entry the first sequence_lens time steps are
// reversed, the others stay. `time_axis` and `batch_axis` are 0 and 1, one way or the other.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class ReverseSequence final : public Kernel {
 public:
  explicit ReverseSequence(const NodeInfo& node) {
    const int64_t time = node.integer("time_axis", 0), batch = node.integer("batch_axis", 1);
    if (std::min(time, batch) != 0 || std::max(time, batch) != 1) {
      node.fail(invalid_argument(
          "expected time_axis and batch_axis to be 0 and 1, or 1 and 0, found {} and {}", time,
          batch));
    }
    time_first_ = time == 0;
  }

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
    const Shape& shape = call.shape(0);
    if (shape.rank() < 2) {
      return invalid_argument("expected a time and a batch axis, found shape {}",
                              shape.to_string());
    }
    const int64_t times = shape[time_first_ ? 0 : 1], batches = shape[time_first_ ? 1 : 0];
    if (call.dtype(1) != DType::kInt64 || call.shape(1) != Shape{batches}) {
      return invalid_argument("sequence_lens: expected int64 [{}], found {} {}", batches,
                              dtype_name(call.dtype(1)), call.shape(1).to_string());
    }
    const std::span<const int64_t> lengths = call.input(1).as<int64_t>();
    for (const int64_t length : lengths) {
      if (length < 0 || length > times) {
        return invalid_argument("expected sequence_lens from 0 to {}, found {}", times, length);
      }
    }
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    if (shape.count() == 0) return {};
    const int64_t inner = shape.count() / (times * batches);
    RETURN_IF_ERROR(dispatch_by_size(out.dtype(), [&](auto tag) -> Status {
      using T = decltype(tag);
      const T* from = reinterpret_cast<const T*>(src);
      for (int64_t b = 0; b < batches; ++b) {
        const int64_t length = lengths[static_cast<size_t>(b)];
        for (int64_t t = 0; t < times; ++t) {
          const int64_t source = t < length ? length - 1 - t : t;
          std::copy_n(from + place(source, b, times, batches) * inner, inner,
                      out.as<T>() + place(t, b, times, batches) * inner);
        }
      }
      return {};
    }));
    out.finish();
    return {};
  }

 private:
  int64_t place(int64_t t, int64_t b, int64_t times, int64_t batches) const {
    return time_first_ ? t * batches + b : b * times + t;
  }

  bool time_first_ = true;
};

}  // namespace

extern const Operator kReverseSequence = {.domain = "",
                                          .name = "ReverseSequence",
                                          .versions = {10},
                                          .inputs = {2, 2},
                                          .infer = infer_same,
                                          .create = make<ReverseSequence>};

}  // namespace escuta::ops
