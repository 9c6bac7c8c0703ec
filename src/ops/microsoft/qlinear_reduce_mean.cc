// QLinearReduceMean (com.microsoft 1): the mean of a quantised tensor over axes.
// Inputs: data, data_scale, data_zero_point, reduced_scale, reduced_zero_point.
#include "ops/arguments.h"
#include "ops/byte_quantization.h"
#include "ops/operator.h"
#include "ops/walk.h"

namespace escuta::ops {
namespace {

struct Attributes {
  explicit Attributes(const NodeInfo& node)
      : axes(node.integers("axes")), keep(node.integer("keepdims", 1) != 0) {}
  // The reduced axes as bits: all, where none are named.
  Result<uint32_t> resolve(int rank) const {
    if (axes.empty()) return (uint32_t{1} << rank) - 1;
    return resolve_axes(axes, rank);
  }
  std::vector<int64_t> axes;
  bool keep;
};

void infer(Inference& node) {
  const Attributes attributes(node);
  node.set(0, node.dtype(0), std::nullopt);
  const auto& x = node.shape(0);
  if (!x || x->size() > kMaxRank) return;
  const Result<uint32_t> axes = attributes.resolve(static_cast<int>(x->size()));
  if (!axes.ok()) return node.fail(axes.status());
  Dims dims;
  for (size_t i = 0; i < x->size(); ++i) {
    if (((*axes >> i) & 1) == 0) {
      dims.push_back((*x)[i]);
    } else if (attributes.keep) {
      dims.push_back(Dim(int64_t{1}));
    }
  }
  node.set(0, node.dtype(0), std::move(dims));
}

class QLinearReduceMean final : public Kernel {
 public:
  explicit QLinearReduceMean(const NodeInfo& node) : attributes_(node) {}

  Status run(Call& call) const override {
    const DType dtype = call.dtype(0);
    const Shape& x = call.shape(0);
    ASSIGN_OR_RETURN(const uint32_t axes, attributes_.resolve(x.rank()));
    ASSIGN_OR_RETURN(const Quantizer from, read_quantizer(call, 1, 2, dtype));
    ASSIGN_OR_RETURN(const Quantizer to, read_quantizer(call, 3, 4, dtype));
    std::array<int64_t, kMaxRank> dims{}, out_strides{};
    size_t rank = 0;
    for (int i = 0; i < x.rank(); ++i) {
      const bool reduced = ((axes >> i) & 1) != 0;
      if (!reduced || attributes_.keep) dims[rank++] = reduced ? 1 : x[i];
    }
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(std::span(dims.data(), rank)));
    int64_t stride = 1, count = 1;
    for (int i = x.rank() - 1; i >= 0; --i) {
      if (((axes >> i) & 1) != 0) {
        count *= x[i];
      } else {
        out_strides[static_cast<size_t>(i)] = stride;
        stride *= x[i];
      }
    }
    const auto strides = strides_of(x);
    Walk<2> walk;
    for (int i = 0; i < x.rank(); ++i) {
      walk.add(x[i], {strides[static_cast<size_t>(i)], out_strides[static_cast<size_t>(i)]});
    }
    return dispatch(Bytes{}, dtype, [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      ASSIGN_OR_RETURN(int64_t * sums, call.scratch_of<int64_t>(shape.count()));
      std::fill(sums, sums + shape.count(), 0);
      const T* src = call.input(0).as<T>().data();
      walk.for_each_run([&](const auto& at, int64_t n, const auto& steps) {
        for (int64_t i = 0; i < n; ++i) sums[at[1] + i * steps[1]] += src[at[0] + i * steps[0]];
      });
      for (int64_t i = 0; i < shape.count(); ++i) {
        const double mean = static_cast<double>(sums[i]) / static_cast<double>(count) - from.zero;
        dst[i] = saturate<T>(static_cast<float>(mean * from.scale / to.scale), to.zero);
      }
      return {};
    });
  }

 private:
  Attributes attributes_;
};

}  // namespace

extern const Operator kMsQLinearReduceMean = {.domain = "com.microsoft",
                                              .name = "QLinearReduceMean",
                                              .versions = {1},
                                              .inputs = {2, 5},
                                              .infer = infer,
                                              .create = make<QLinearReduceMean>,
                                              .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
