// BatchNormalization (Ioffe and Szegedy, 2015): per channel, with given means and variances, or in
// training with those of the batch. Before version 9 `spatial` = 0 has them per element of an item.
#include "ops/normalize.h"

namespace escuta::ops {
namespace {

class BatchNormalization final : public Kernel {
 public:
  explicit BatchNormalization(const NodeInfo& node)
      : epsilon_(node.number("epsilon", 1e-5f)),
        momentum_(node.number("momentum", 0.9f)),
        spatial_(node.version() >= 9 || node.integer("spatial", 1) != 0),
        running_only_(node.version() >= 14) {
    if (node.version() >= 14) {
      training_ = node.integer("training_mode", 0) != 0;
    } else {  // the number of outputs tells the modes apart
      training_ = node.has_output(1) && node.integer("is_test", 0) == 0;
    }
  }

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const Layout layout, layout_of(call.shape(0)));
    if (running_only_ && call.output_count() > 3) {
      return invalid_argument("expected up to 3 outputs, found {}", call.output_count());
    }
    ASSIGN_OR_RETURN(const double* scale, vector_of(call, 1, layout.channels));
    ASSIGN_OR_RETURN(const double* bias, vector_of(call, 2, layout.channels));
    ASSIGN_OR_RETURN(const double* mean, vector_of(call, 3, layout.channels));
    ASSIGN_OR_RETURN(const double* variance, vector_of(call, 4, layout.channels));
    if (training_) {
      ASSIGN_OR_RETURN(double* own_mean, call.scratch_of<double>(layout.channels));
      ASSIGN_OR_RETURN(double* own_variance, call.scratch_of<double>(layout.channels));
      RETURN_IF_ERROR(dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
        measure(call.input(0).as<decltype(tag)>().data(), layout, own_mean, own_variance);
        return {};
      }));
      RETURN_IF_ERROR(put(call, 1, layout.channels, mean, own_mean, momentum_));
      RETURN_IF_ERROR(put(call, 2, layout.channels, variance, own_variance, momentum_));
      if (!running_only_) {
        RETURN_IF_ERROR(put(call, 3, layout.channels, own_mean, own_mean, 0));
        RETURN_IF_ERROR(put(call, 4, layout.channels, own_variance, own_variance, 0));
      }
      mean = own_mean;
      variance = own_variance;
    } else {
      for (size_t i = 1; i < call.output_count(); ++i) call.set(i, call.input(i % 2 == 1 ? 3 : 4));
    }
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      return apply<decltype(tag)>(call, layout, scale, bias, mean, variance);
    });
  }

 private:
  struct Layout {
    int64_t items = 1, channels = 1, inner = 1;
  };

  Result<Layout> layout_of(const Shape& shape) const {
    if (shape.rank() == 0)
      return invalid_argument("X: expected a tensor [N, C, ...], found a scalar");
    Layout layout{.items = shape[0], .channels = 1, .inner = 1};
    for (int i = 1; i < shape.rank(); ++i) {
      (i == 1 || !spatial_ ? layout.channels : layout.inner) *= shape[i];
    }
    return layout;
  }

  template <typename T>
  static void measure(const T* src, const Layout& layout, double* means, double* variances) {
    const int64_t block = layout.channels * layout.inner;
    const int64_t items = block == 0 ? 0 : layout.items;
    const double count = static_cast<double>(layout.items) * static_cast<double>(layout.inner);
    const auto sum = [&](int64_t c, auto&& function) {
      double total = 0;
      for (int64_t n = 0; n < items; ++n) {
        const T* line = src + n * block + c * layout.inner;
        total += sum_of(layout.inner, [&](int64_t i) { return function(line[i]); });
      }
      return total;
    };
    for (int64_t c = 0; c < layout.channels; ++c) {
      means[c] = sum(c, [](double x) { return x; }) / count;
      variances[c] = sum(c, [&](double x) { return (x - means[c]) * (x - means[c]); }) / count;
    }
  }

  // Output i is old * share + value * (1 - share), as the means or variances given.
  static Status put(Call& call, size_t i, int64_t count, const double* old, const double* value,
                    double share) {
    if (!call.wants(i)) return {};
    const size_t given = i % 2 == 1 ? 3 : 4;
    return dispatch(Floats{}, call.dtype(given), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(i, call.shape(given)));
      for (int64_t c = 0; c < count; ++c) {
        const double mixed = old[c] * share + value[c] * (1 - share);
        dst[c] = static_cast<T>(static_cast<Wide<T>>(mixed));
      }
      return {};
    });
  }

  template <typename T>
  Status apply(Call& call, const Layout& layout, const double* scale, const double* bias,
               const double* mean, const double* variance) const {
    using W = Wide<T>;
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, call.shape(0)));
    const T* src = call.input(0).as<T>().data();
    ASSIGN_OR_RETURN(double* factors, call.scratch_of<double>(layout.channels));
    for (int64_t c = 0; c < layout.channels; ++c) {
      factors[c] = scale[c] / std::sqrt(variance[c] + epsilon_);
    }
    if (call.shape(0).count() == 0) return {};
    for (int64_t n = 0; n < layout.items; ++n) {
      for (int64_t c = 0; c < layout.channels; ++c) {
        const auto minus = static_cast<W>(mean[c]), by = static_cast<W>(factors[c]);
        const auto plus = static_cast<W>(bias[c]);
        for (int64_t i = 0; i < layout.inner; ++i) {
          *dst++ = static_cast<T>((static_cast<W>(*src++) - minus) * by + plus);
        }
      }
    }
    return {};
  }

  double epsilon_, momentum_;
  bool spatial_, running_only_, training_;
};

void infer(Inference& node) {
  infer_same(node);
  for (size_t i = 1; i < node.output_count(); ++i) node.copy(i, i % 2 == 1 ? 3 : 4);
}

}  // namespace

extern const Operator kBatchNormalization = {.domain = "",
                                             .name = "BatchNormalization",
                                             .versions = {1, 6, 7, 9, 14, 15},
                                             .inputs = {5, 5},
                                             .outputs = {1, 5},
                                             .infer = infer,
                                             .create = make<BatchNormalization>,
                                             .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
