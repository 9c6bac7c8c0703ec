// LayerNormalization (Ba et al., 2016) over the dimensions from `axis` on; outputs 1 and 2 are the
// means and 1 / standard deviations.
#include "ops/check_input.h"
#include "ops/normalize.h"

namespace escuta::ops {
namespace {

class LayerNormalization final : public Kernel {
 public:
  explicit LayerNormalization(const NodeInfo& node)
      : axis_(node.integer("axis", -1)),
        epsilon_(node.number("epsilon", 1e-5f)),
        stash_(node.dtype_attribute("stash_type", DType::kFloat)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const Rows rows, Rows::from(call.shape(0), axis_));
    RETURN_IF_ERROR(check_dtype(call, 1, call.dtype(0)));
    if (call.has(2)) RETURN_IF_ERROR(check_dtype(call, 2, call.dtype(0)));
    ASSIGN_OR_RETURN(double* means, call.scratch_of<double>(rows.rows));
    ASSIGN_OR_RETURN(double* inverses, call.scratch_of<double>(rows.rows));
    RETURN_IF_ERROR(dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      return loop<decltype(tag)>(call, rows, means, inverses);
    }));
    RETURN_IF_ERROR(stash(call, 1, rows, means));
    return stash(call, 2, rows, inverses);
  }

 private:
  template <typename T>
  Status loop(Call& call, const Rows& rows, double* means, double* inverses) const {
    using W = Wide<T>;
    const Shape& shape = call.shape(0);
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    ASSIGN_OR_RETURN(const auto scales, spread<T>(call, 1, shape, rows));
    Spread<T> biases;
    if (call.has(2)) {
      ASSIGN_OR_RETURN(biases, spread<T>(call, 2, shape, rows));
    }
    const T* src = call.input(0).as<T>().data();
    if (rows.columns == 0) std::fill_n(means, rows.rows, 0.0);
    if (rows.columns == 0) std::fill_n(inverses, rows.rows, 0.0);
    for (int64_t row = 0; row < rows.rows && rows.columns > 0; ++row) {
      const int64_t at = row * rows.columns;
      const Moments of = moments(src + at, rows.columns);
      means[row] = of.mean;
      inverses[row] = 1 / std::sqrt(of.variance + epsilon_);
      const auto mean = static_cast<W>(of.mean), inverse = static_cast<W>(inverses[row]);
      const T* scale = scales.data + at % scales.period;
      const T* bias = biases.data == nullptr ? nullptr : biases.data + at % biases.period;
      for (int64_t i = 0; i < rows.columns; ++i) {
        const W y = (static_cast<W>(src[at + i]) - mean) * inverse * static_cast<W>(scale[i]);
        dst[at + i] = static_cast<T>(bias == nullptr ? y : y + static_cast<W>(bias[i]));
      }
    }
    return {};
  }

  Status stash(Call& call, size_t output, const Rows& rows, const double* values) const {
    if (!call.wants(output)) return {};
    std::array<int64_t, kMaxRank> dims;
    dims.fill(1);
    const Shape& shape = call.shape(0);
    for (int i = 0; i < rows.axis; ++i) dims[static_cast<size_t>(i)] = shape[i];
    ASSIGN_OR_RETURN(const Shape result,
                     Shape::create({dims.data(), static_cast<size_t>(shape.rank())}));
    return dispatch(Floats{}, stash_, [&](auto tag) -> Status {
      using U = decltype(tag);
      ASSIGN_OR_RETURN(U * dst, call.output<U>(output, result));
      for (int64_t i = 0; i < rows.rows; ++i)
        dst[i] = static_cast<U>(static_cast<Wide<U>>(values[i]));
      return {};
    });
  }

  int64_t axis_;
  double epsilon_;
  DType stash_;
};

void infer(Inference& node) {
  infer_same(node);
  const DType stash = node.dtype_attribute("stash_type", DType::kFloat);
  std::optional<Dims> dims = node.shape(0);
  if (dims) {
    const int rank = static_cast<int>(dims->size());
    const int axis = normalize_axis(node, node.integer("axis", -1), rank);
    if (!node.status().ok()) return;
    std::fill(dims->begin() + axis, dims->end(), Dim(int64_t{1}));
  }
  node.set(1, stash, dims);
  node.set(2, stash, dims);
}

}  // namespace

extern const Operator kLayerNormalization = {.domain = "",
                                             .name = "LayerNormalization",
                                             .versions = {17},
                                             .inputs = {2, 3},
                                             .outputs = {1, 3},
                                             .infer = infer,
                                             .create = make<LayerNormalization>,
                                             .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
