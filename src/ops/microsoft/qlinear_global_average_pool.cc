// QLinearGlobalAveragePool (com.microsoft 1): the mean of each channel of a quantised tensor,
// [N, C, D1, ..., Dn] or with `channels_last` [N, D1, ..., Dn, C].
// Inputs: X, x_scale, x_zero_point, y_scale, y_zero_point.
#include "ops/byte_quantization.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  std::optional<Dims> dims = node.shape(0);
  if (dims && dims->size() > 2) {
    const size_t channel = node.integer("channels_last", 0) != 0 ? dims->size() - 1 : 1;
    for (size_t i = 1; i < dims->size(); ++i) {
      if (i != channel) (*dims)[i] = Dim(int64_t{1});
    }
  }
  node.set(0, node.dtype(0), std::move(dims));
}

class QLinearGlobalAveragePool final : public Kernel {
 public:
  explicit QLinearGlobalAveragePool(const NodeInfo& node)
      : channels_last_(node.integer("channels_last", 0) != 0) {}

  Status run(Call& call) const override {
    const Shape& x = call.shape(0);
    if (x.rank() < 3) {
      return invalid_argument("expected an input of at least 3 dimensions, found {}",
                              x.to_string());
    }
    std::array<int64_t, kMaxRank> dims;
    dims.fill(1);
    const int channel = channels_last_ ? x.rank() - 1 : 1;
    dims[0] = x[0];
    dims[static_cast<size_t>(channel)] = x[channel];
    ASSIGN_OR_RETURN(const Shape shape,
                     Shape::create(std::span(dims.data(), static_cast<size_t>(x.rank()))));
    ASSIGN_OR_RETURN(const Quantizer from, read_quantizer(call, 1, 2, call.dtype(0)));
    ASSIGN_OR_RETURN(const Quantizer to, read_quantizer(call, 3, 4, call.dtype(0)));
    return dispatch(Bytes{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      if (shape.count() == 0) return {};
      const T* src = call.input(0).as<T>().data();
      const int64_t plane = call.input(0).count() / shape.count();
      if (plane == 0) return invalid_argument("expected channels of at least one element");
      const int64_t channels = x[channel];
      const int64_t step = channels_last_ ? channels : 1;
      for (int64_t i = 0; i < shape.count(); ++i) {
        const T* in =
            src + (channels_last_ ? i / channels * channels * plane + i % channels : i * plane);
        int64_t sum = 0;
        for (int64_t j = 0; j < plane; ++j) sum += in[j * step];
        const double mean = static_cast<double>(sum) / static_cast<double>(plane) - from.zero;
        dst[i] = saturate<T>(static_cast<float>(mean * from.scale / to.scale), to.zero);
      }
      return {};
    });
  }

 private:
  bool channels_last_;
};

}  // namespace

extern const Operator kMsQLinearGlobalAveragePool = {.domain = "com.microsoft",
                                                     .name = "QLinearGlobalAveragePool",
                                                     .versions = {1},
                                                     .inputs = {5, 5},
                                                     .infer = infer,
                                                     .create = make<QLinearGlobalAveragePool>,
                                                     .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
