// MaxUnpool (ai.onnx 9, 11, 22): puts the maxima that MaxPool found back where they were; all else
// is 0. Indices count in the shape that the attributes give; a larger output_shape only adds zeros.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/check_input.h"
#include "ops/dispatch.h"
#include "ops/operator.h"
#include "ops/walk.h"

namespace escuta::ops {
namespace {

class Sizes {
 public:
  explicit Sizes(const NodeInfo& node)
      : kernel_(node.integers("kernel_shape")),
        strides_(node.integers("strides", std::vector<int64_t>(kernel_.size(), 1))),
        pads_(node.integers("pads", std::vector<int64_t>(2 * kernel_.size(), 0))) {
    if (kernel_.empty() || strides_.size() != kernel_.size() ||
        pads_.size() != 2 * kernel_.size()) {
      node.fail(invalid_argument(
          "expected kernel_shape, strides of as many values and pads of twice as many, found {}, "
          "{} and {} values",
          kernel_.size(), strides_.size(), pads_.size()));
      return;
    }
    for (const auto* values : {&kernel_, &strides_, &pads_}) {
      for (const int64_t value : *values) {
        if (value >= 0 && value <= int64_t{1} << 30) continue;
        node.fail(invalid_argument("kernel_shape, strides or pads: found {}", value));
      }
    }
  }

  size_t rank() const { return kernel_.size(); }
  // The size of spatial dimension i of the result; negative: there is none.
  int64_t unpooled(size_t i, int64_t in) const {
    if (in > int64_t{1} << 32) return -1;
    return (in - 1) * strides_[i] - pads_[i] - pads_[i + kernel_.size()] + kernel_[i];
  }

 private:
  std::vector<int64_t> kernel_, strides_, pads_;
};

void infer(Inference& node) {
  const Sizes sizes(node);
  node.set(0, node.dtype(0), std::nullopt);
  if (!node.status().ok()) return;
  if (node.has_input(2)) {
    std::optional<Dims> dims = node.shape_elements(2);
    if (!dims && node.shape(0)) dims = Dims(node.shape(0)->size());
    node.set(0, node.dtype(0), std::move(dims));
    return;
  }
  Dims dims(sizes.rank() + 2);
  if (const auto& x = node.shape(0)) {
    if (x->size() != dims.size()) {
      node.fail(
          invalid_argument("expected an input of {} dimensions, found {}", dims.size(), x->size()));
      return;
    }
    for (size_t i = 0; i < dims.size(); ++i) {
      if (i < 2) {
        dims[i] = (*x)[i];
      } else if ((*x)[i].is_known()) {
        const int64_t size = sizes.unpooled(i - 2, (*x)[i].value());
        if (size >= 0) dims[i] = Dim(size);
      }
    }
  }
  node.set(0, node.dtype(0), std::move(dims));
}

class MaxUnpool final : public Kernel {
 public:
  explicit MaxUnpool(const NodeInfo& node) : sizes_(node) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const Shape unpooled, unpooled_shape(call.shape(0)));
    Shape shape = unpooled;
    if (call.has(2)) {
      ASSIGN_OR_RETURN(const IntList dims, read_ints(call, 2, "output_shape"));
      ASSIGN_OR_RETURN(shape, Shape::create(dims));
    }
    if (shape.rank() != unpooled.rank()) {
      return invalid_argument("expected an output_shape of {} dimensions, found {}",
                              unpooled.rank(), shape.rank());
    }
    RETURN_IF_ERROR(check_dtype(call, 1, DType::kInt64));
    RETURN_IF_ERROR(check_shape(call, 1, call.shape(0)));
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      return scatter<decltype(tag)>(call, unpooled, shape);
    });
  }

 private:
  Result<Shape> unpooled_shape(const Shape& x) const {
    if (static_cast<size_t>(x.rank()) != sizes_.rank() + 2) {
      return invalid_argument("expected an input of {} dimensions, found {}", sizes_.rank() + 2,
                              x.to_string());
    }
    std::array<int64_t, kMaxRank> dims{};
    for (int i = 0; i < x.rank(); ++i) {
      const auto at = static_cast<size_t>(i);
      dims[at] = i < 2 ? x[i] : sizes_.unpooled(at - 2, x[i]);
    }
    return Shape::create(std::span(dims.data(), static_cast<size_t>(x.rank())));
  }

  template <typename T>
  static Status scatter(Call& call, const Shape& unpooled, const Shape& shape) {
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    std::fill(dst, dst + shape.count(), T{});
    const T* x = call.input(0).as<T>().data();
    const std::span<const int64_t> indices = call.input(1).as<int64_t>();
    const auto steps = strides_of(shape);
    const int64_t count = unpooled.count();
    for (size_t i = 0; i < indices.size(); ++i) {
      int64_t rest = indices[i];
      if (rest < 0 || rest >= count) {
        return invalid_argument("expected indices from 0 to {}, found {}", count - 1, rest);
      }
      int64_t to = 0;
      for (int d = shape.rank() - 1; d >= 0; --d) {
        const int64_t at = rest % unpooled[d];
        rest /= unpooled[d];
        if (at >= shape[d]) {
          return invalid_argument("index {} is outside of output_shape {}", indices[i],
                                  shape.to_string());
        }
        to += at * steps[static_cast<size_t>(d)];
      }
      dst[to] = x[i];
    }
    return {};
  }

  Sizes sizes_;
};

}  // namespace

extern const Operator kMaxUnpool = {.domain = "",
                                    .name = "MaxUnpool",
                                    .versions = {9, 11, 22},
                                    .inputs = {2, 3},
                                    .infer = infer,
                                    .create = make<MaxUnpool>};

}  // namespace escuta::ops
