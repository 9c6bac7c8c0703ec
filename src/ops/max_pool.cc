// MaxPool (ai.onnx 1, 8, 10, 11, 12, 22): the largest element of each window and, if wanted, where
// it is in the input.
#include <limits>

#include "ops/pooling.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  infer_pool(node);
  node.set(1, DType::kInt64, infer_pool_dims(node));
}

template <typename T>
T lowest() {
  if constexpr (kIsFloat<T>) {
    return T(-std::numeric_limits<Wide<T>>::infinity());
  } else {
    return std::numeric_limits<T>::min();
  }
}

class MaxPool final : public Kernel {
 public:
  explicit MaxPool(const NodeInfo& node)
      : attributes_(node), column_major_(node.integer("storage_order", 0) != 0) {}

  Status run(Call& call) const override {
    const Shape& x = call.shape(0);
    ASSIGN_OR_RETURN(const Windows windows, attributes_.resolve_for(x));
    ASSIGN_OR_RETURN(const Shape shape, window_output(windows, x[0], x[1]));
    using All = Types<float, double, Float16, BFloat16, int8_t, uint8_t>;
    return dispatch(All{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      int64_t* indices = nullptr;
      if (call.wants(1)) {
        ASSIGN_OR_RETURN(indices, call.output<int64_t>(1, shape));
      }
      if (shape.count() == 0) return {};
      const T* src = call.input(0).as<T>().data();
      for (int64_t plane = 0; plane < x[0] * x[1]; ++plane) {
        RETURN_IF_ERROR(call.check_cancelled());
        const T* in = src + plane * windows.in_count;
        T* out = dst + plane * windows.out_count;
        std::fill(out, out + windows.out_count, lowest<T>());
        if (indices == nullptr) {
          take_max(windows, in, out);
        } else {
          take_max_at(windows, in, out, indices + plane * windows.out_count,
                      plane * windows.in_count);
        }
      }
      return {};
    });
  }

 private:
  template <typename T>
  static void take_max(const Windows& windows, const T* in, T* out) {
    for_each_tap(windows, [&](int64_t o, int64_t at, int64_t n, int64_t out_step, int64_t in_step) {
      for (int64_t i = 0; i < n; ++i) {
        const T value = in[at + i * in_step];
        T& top = out[o + i * out_step];
        top = value > top ? value : top;
      }
    });
  }

  // at [out]: the index of each maximum, the first of equals; -1 where a window has no tap inside.
  template <typename T>
  void take_max_at(const Windows& windows, const T* in, T* out, int64_t* at, int64_t base) const {
    std::fill(at, at + windows.out_count, int64_t{-1});
    for_each_tap(windows,
                 [&](int64_t o, int64_t from, int64_t n, int64_t out_step, int64_t in_step) {
                   for (int64_t i = 0; i < n; ++i) {
                     const T value = in[from + i * in_step];
                     const int64_t place = o + i * out_step;
                     if (at[place] >= 0 && !(value > out[place])) continue;
                     out[place] = value;
                     at[place] = from + i * in_step;
                   }
                 });
    for (int64_t o = 0; o < windows.out_count; ++o) {
      if (at[o] >= 0) at[o] = base + (column_major_ ? column_major(windows, at[o]) : at[o]);
    }
  }

  // From an index in row-major order to that in column-major order.
  static int64_t column_major(const Windows& windows, int64_t index) {
    int64_t result = 0;
    for (int i = windows.rank - 1; i >= 0; --i) {
      int64_t before = 1;
      for (int j = 0; j < i; ++j) before *= windows.axes[j].in;
      result += index % windows.axes[i].in * before;
      index /= windows.axes[i].in;
    }
    return result;
  }

  PoolAttributes attributes_;
  bool column_major_;
};

}  // namespace

extern const Operator kMaxPool = {.domain = "",
                                  .name = "MaxPool",
                                  .versions = {1, 8, 10, 11, 12, 22},
                                  .inputs = {1, 1},
                                  .outputs = {1, 2},
                                  .infer = infer,
                                  .create = make<MaxPool>};

}  // namespace escuta::ops
