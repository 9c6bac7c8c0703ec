// ScatterND (ai.onnx 11, 13, 16, 18): `data` where each slice of updates is written to (or combined
// with) the slice that its index tuple names.
#include "ops/copy.h"
#include "ops/nd_index.h"
#include "ops/operator.h"
#include "ops/scatter_reduction.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) { node.set(0, node.dtype(0), node.shape(0)); }

class ScatterND final : public Kernel {
 public:
  explicit ScatterND(const NodeInfo& node) : reduction_(reduction_of(node)) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_same_dtype(call, 0, 2));
    RETURN_IF_ERROR(check_int_tensor(call, 1, "indices"));
    ASSIGN_OR_RETURN(const std::byte* data, input_cells(call, 0));
    ASSIGN_OR_RETURN(const std::byte* updates, input_cells(call, 2));
    RETURN_IF_ERROR(check_shapes(call.shape(0), call.shape(1), call.shape(2)));
    const Shape& shape = call.shape(0);
    const Shape& indices = call.shape(1);
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    Walk<2> all;
    all.add(shape.count(), {1, 1});
    RETURN_IF_ERROR(copy_cells(out.dtype(), all, data, out.data()));

    const int64_t k = indices[indices.rank() - 1];
    int64_t tuples = 1, inner = 1;
    for (int i = 0; i + 1 < indices.rank(); ++i) tuples *= indices[i];
    for (int i = static_cast<int>(k); i < shape.rank(); ++i) inner *= shape[i];
    const auto strides = strides_of(shape);
    RETURN_IF_ERROR(
        with_reduction(reduction_, call.dtype(0), [&](auto tag, const auto& combine) -> Status {
          using T = decltype(tag);
          const T* src = reinterpret_cast<const T*>(updates);
          if (call.input(2).count() == 0) return {};
          for (int64_t i = 0; i < tuples; ++i, src += inner) {
            ASSIGN_OR_RETURN(const int64_t at,
                             slice_offset(call.input(1), i, k, shape, 0, strides));
            T* dst = out.as<T>() + at;
            for (int64_t j = 0; j < inner; ++j) combine(dst[j], src[j]);
          }
          return {};
        }));
    out.finish();
    return {};
  }

 private:
  // indices [..., k] and updates [..., the dimensions of data from k on].
  static Status check_shapes(const Shape& data, const Shape& indices, const Shape& updates) {
    bool fits = indices.rank() >= 1 && indices[indices.rank() - 1] <= data.rank();
    const int k = fits ? static_cast<int>(indices[indices.rank() - 1]) : 0;
    const int outer = indices.rank() - 1;
    fits = fits && updates.rank() == outer + data.rank() - k;
    for (int i = 0; fits && i < updates.rank(); ++i) {
      fits = updates[i] == (i < outer ? indices[i] : data[i - outer + k]);
    }
    if (fits) return {};
    return invalid_argument("expected index tuples and slices of data {}, found {} and {}",
                            data.to_string(), indices.to_string(), updates.to_string());
  }

  Reduction reduction_;
};

}  // namespace

extern const Operator kScatterND = {.domain = "",
                                    .name = "ScatterND",
                                    .versions = {11, 13, 16, 18},
                                    .inputs = {3, 3},
                                    .infer = infer,
                                    .create = make<ScatterND>};

}  // namespace escuta::ops
