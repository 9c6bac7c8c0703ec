// TensorScatter (ai.onnx 24): a cache with `update` written along `axis` from write_indices on,
// which wrap around in mode `circular`.
#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) { node.set(0, node.dtype(0), node.shape(0)); }

class TensorScatter final : public Kernel {
 public:
  explicit TensorScatter(const NodeInfo& node) : axis_(node.integer("axis", -2)) {
    const std::string mode = node.text("mode", "linear");
    circular_ = mode == "circular";
    if (!circular_ && mode != "linear") {
      node.fail(invalid_argument("attribute `mode`: expected linear or circular, found {}", mode));
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_same_dtype(call, 0, 1));
    ASSIGN_OR_RETURN(const std::byte* cache, input_cells(call, 0));
    ASSIGN_OR_RETURN(const std::byte* update, input_cells(call, 1));
    const Shape& shape = call.shape(0);
    const Shape& part = call.shape(1);
    ASSIGN_OR_RETURN(const int axis, resolve_axis(axis_, shape.rank()));
    bool fits = axis > 0 && part.rank() == shape.rank();
    for (int i = 0; fits && i < shape.rank(); ++i) {
      fits = i == axis ? part[i] <= shape[i] : part[i] == shape[i];
    }
    if (!fits) {
      return invalid_argument(
          "expected an update that fits into cache {} at axis {} (not 0), found {}",
          shape.to_string(), axis, part.to_string());
    }
    RETURN_IF_ERROR(check_indices(call, shape[axis], part[axis]));
    ASSIGN_OR_RETURN(const OutputCells out, OutputCells::create(call, 0, call.dtype(0), shape));
    Walk<2> all;
    all.add(shape.count(), {1, 1});
    RETURN_IF_ERROR(copy_cells(out.dtype(), all, cache, out.data()));

    int64_t middle = 1;  // between the batch and the axis
    for (int i = 1; i < axis; ++i) middle *= shape[i];
    const int64_t inner = strides_of(shape)[static_cast<size_t>(axis)];
    RETURN_IF_ERROR(dispatch_by_size(out.dtype(), [&](auto tag) -> Status {
      using T = decltype(tag);
      const T* src = reinterpret_cast<const T*>(update);
      T* dst = out.as<T>();
      if (part.count() == 0) return {};
      for (int64_t i = 0; i < shape[0] * middle; ++i, dst += shape[axis] * inner) {
        const int64_t first = call.has(2) ? int_at(call.input(2), i / middle) : 0;
        for (int64_t j = 0; j < part[axis]; ++j, src += inner) {
          std::copy_n(src, inner, dst + (first % shape[axis] + j) % shape[axis] * inner);
        }
      }
      return {};
    }));
    out.finish();
    return {};
  }

 private:
  // write_indices [batch], 0 or more, and within the cache unless they wrap around.
  Status check_indices(const Call& call, int64_t length, int64_t written) const {
    if (!call.has(2)) return {};
    RETURN_IF_ERROR(check_int_tensor(call, 2, "write_indices"));
    const Shape& shape = call.shape(2);
    if (shape.rank() != 1 || shape[0] != call.shape(0)[0]) {
      return invalid_argument("write_indices: expected shape [{}], found {}", call.shape(0)[0],
                              shape.to_string());
    }
    for (int64_t i = 0; i < shape[0]; ++i) {
      const int64_t index = int_at(call.input(2), i);
      if (index < 0 || (!circular_ && index > length - written)) {
        return invalid_argument("expected write indices from 0 to {}, found {}", length - written,
                                index);
      }
    }
    return {};
  }

  int64_t axis_;
  bool circular_ = false;
};

}  // namespace

extern const Operator kTensorScatter = {.domain = "",
                                        .name = "TensorScatter",
                                        .versions = {24},
                                        .inputs = {2, 3},
                                        .infer = infer,
                                        .create = make<TensorScatter>};

}  // namespace escuta::ops
