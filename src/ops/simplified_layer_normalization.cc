// SimplifiedLayerNormalization (1; ONNX Runtime's, in the standard domain): X / sqrt(mean(X^2) +
// epsilon) * scale over the dimensions from `axis` on.
#include "ops/microsoft/inputs.h"
#include "ops/microsoft/normalize.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  node.set(0, node.dtype(1), node.shape(0));
  std::optional<Dims> rows = node.shape(0);
  if (rows) {
    const int rank = static_cast<int>(rows->size());
    const int axis = normalize_axis(node, node.integer("axis", -1), rank);
    for (int i = axis; i < rank; ++i) (*rows)[i] = Dim(int64_t{1});
  }
  const DType dtype = node.dtype(0) == DType::kDouble ? DType::kDouble : DType::kFloat;
  node.set(1, node.dtype(0) == DType::kUndefined ? DType::kUndefined : dtype, std::move(rows));
}

class SimplifiedLayerNormalization final : public Kernel {
 public:
  explicit SimplifiedLayerNormalization(const NodeInfo& node)
      : axis_(node.integer("axis", -1)), epsilon_(node.number("epsilon", 1e-5f)) {}

  Status run(Call& call) const override {
    const Shape& shape = call.shape(0);
    const int64_t axis = axis_ < 0 ? axis_ + shape.rank() : axis_;
    if (axis < 0 || axis >= shape.rank()) {
      return invalid_argument("axis {} is outside of shape {}", axis_, shape.to_string());
    }
    std::array<int64_t, kMaxRank> dims{};
    int64_t size = 1;
    for (int i = 0; i < shape.rank(); ++i) {
      dims[static_cast<size_t>(i)] = i < axis ? shape[i] : 1;
      if (i >= axis && __builtin_mul_overflow(size, shape[i], &size)) size = 0;
    }
    ASSIGN_OR_RETURN(const Shape rows, Shape::create({dims.data(), size_t(shape.rank())}));
    if (call.input(1).count() != size) {
      return invalid_argument("expected a scale of {} elements, found {}", size,
                              call.shape(1).to_string());
    }
    if (call.dtype(0) == DType::kDouble && call.dtype(1) == DType::kDouble) {
      ASSIGN_OR_RETURN(double* dst, call.output<double>(0, shape));
      ASSIGN_OR_RETURN(double* inverse_stds, call.output<double>(1, rows));
      normalize(call.input(0).as<double>().data(), call.input(1).as<double>().data(), size,
                shape.count(), dst, inverse_stds);
      return {};
    }
    ASSIGN_OR_RETURN(const float* src, floats(call, 0));
    ASSIGN_OR_RETURN(const float* scale, floats(call, 1));
    ASSIGN_OR_RETURN(const FloatOutput output, FloatOutput::create(call, 0, call.dtype(1), shape));
    ASSIGN_OR_RETURN(float* inverse_stds, call.output<float>(1, rows));
    normalize(src, scale, size, output.count(), output.data(), inverse_stds);
    output.store();
    return {};
  }

 private:
  template <typename T>
  void normalize(const T* src, const T* scale, int64_t size, int64_t count, T* dst,
                 T* inverse_stds) const {
    for (int64_t at = 0; at < count; at += size) {
      const auto row = normalize_row<T>(src + at, size, scale, nullptr, epsilon_, true, dst + at);
      inverse_stds[at / size] = row.inverse_std;
    }
  }

  int64_t axis_;
  float epsilon_;
};

}  // namespace

extern const Operator kSimplifiedLayerNormalization = {.domain = "",
                                                       .name = "SimplifiedLayerNormalization",
                                                       .versions = {1},
                                                       .inputs = {2, 2},
                                                       .outputs = {1, 2},
                                                       .infer = infer,
                                                       .create = make<SimplifiedLayerNormalization>,
                                                       .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
