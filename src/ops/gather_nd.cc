// GatherND (ai.onnx 11, 12, 13): slices of `data` that index tuples name; the first `batch_dims`
// dimensions of data and indices go together.
#include "ops/copy.h"
#include "ops/dims.h"
#include "ops/dispatch.h"
#include "ops/nd_index.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

int64_t batch_dims_of(const NodeInfo& node) {
  return node.version() < 12 ? 0 : node.integer("batch_dims", 0);
}

void infer(Inference& node) {
  node.set(0, node.dtype(0), std::nullopt);
  if (!node.shape(0) || !node.shape(1) || node.shape(1)->empty()) return;
  const Dims& data = *node.shape(0);
  const Dims& indices = *node.shape(1);
  const Dim& last = indices.back();
  const int64_t batch = batch_dims_of(node);
  if (!last.is_known()) return;
  const auto rank = static_cast<int64_t>(data.size());
  if (batch < 0 || batch > rank || last.value() > rank - batch) {
    node.fail(invalid_argument(
        "expected batch_dims and tuples of indices within {} dimensions, found {} and {}", rank,
        batch, last.value()));
    return;
  }
  Dims dims(indices.begin(), indices.end() - 1);
  dims.insert(dims.end(), data.begin() + batch + last.value(), data.end());
  node.set(0, node.dtype(0), std::move(dims));
}

class GatherND final : public Kernel {
 public:
  explicit GatherND(const NodeInfo& node) : batch_dims_(batch_dims_of(node)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const std::byte* src, input_cells(call, 0));
    RETURN_IF_ERROR(check_int_tensor(call, 1, "indices"));
    RETURN_IF_ERROR(check_shapes(call));
    const Shape& data = call.shape(0);
    const Shape& indices = call.shape(1);
    const auto batch = static_cast<int>(batch_dims_);
    const int64_t k = indices[indices.rank() - 1];
    std::array<int64_t, 2 * kMaxRank> dims{};
    size_t rank = 0;
    int64_t batches = 1, tuples = 1, inner = 1;
    for (int i = 0; i + 1 < indices.rank(); ++i) {
      dims[rank++] = indices[i];
      (i < batch ? batches : tuples) *= indices[i];
    }
    for (int i = batch + static_cast<int>(k); i < data.rank(); ++i) {
      dims[rank++] = data[i];
      inner *= data[i];
    }
    ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), rank}));
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    int64_t batch_size = 1;
    for (int i = batch; i < data.rank(); ++i) batch_size *= data[i];
    const auto strides = strides_of(data);
    RETURN_IF_ERROR(dispatch_by_size(out.dtype(), [&](auto tag) -> Status {
      using T = decltype(tag);
      T* dst = out.as<T>();
      if (shape.count() == 0) return {};
      for (int64_t i = 0; i < batches * tuples; ++i, dst += inner) {
        ASSIGN_OR_RETURN(const int64_t at, slice_offset(call.input(1), i, k, data, batch, strides));
        std::copy_n(reinterpret_cast<const T*>(src) + i / tuples * batch_size + at, inner, dst);
      }
      return {};
    }));
    out.finish();
    return {};
  }

 private:
  Status check_shapes(const Call& call) const {
    const Shape& data = call.shape(0);
    const Shape& indices = call.shape(1);
    bool fits = batch_dims_ >= 0 && batch_dims_ < indices.rank() && batch_dims_ <= data.rank() &&
                indices[indices.rank() - 1] <= data.rank() - batch_dims_;
    for (int i = 0; fits && i < batch_dims_; ++i) fits = data[i] == indices[i];
    if (fits) return {};
    return invalid_argument(
        "expected index tuples for data of shape {} after {} common dimensions, found shape {}",
        data.to_string(), batch_dims_, indices.to_string());
  }

  int64_t batch_dims_;
};

}  // namespace

extern const Operator kGatherND = {.domain = "",
                                   .name = "GatherND",
                                   .versions = {11, 12, 13},
                                   .inputs = {2, 2},
                                   .infer = infer,
                                   .create = make<GatherND>};

}  // namespace escuta::ops
