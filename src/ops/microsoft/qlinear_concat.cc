// QLinearConcat (com.microsoft 1): tensors of different scales, joined along an axis in one scale.
// Inputs: Y_scale, Y_zero_point, then X, scale, zero point of each tensor.
#include "ops/arguments.h"
#include "ops/byte_quantization.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  node.set(0, node.dtype(1), std::nullopt);
  if (!node.shape(2)) return;
  Dims dims = *node.shape(2);
  const auto axis = static_cast<size_t>(
      normalize_axis(node, node.integer("axis", 0), static_cast<int>(dims.size())));
  if (!node.status().ok()) return;
  for (size_t i = 5; i < node.input_count(); i += 3) {
    const auto& shape = node.shape(i);
    const bool known = shape && shape->size() == dims.size();
    int64_t sum = 0;
    const bool fits = known && dims[axis].is_known() && (*shape)[axis].is_known() &&
                      !__builtin_add_overflow(dims[axis].value(), (*shape)[axis].value(), &sum);
    dims[axis] = fits ? Dim(sum) : Dim();
    for (size_t d = 0; known && d < dims.size(); ++d) {
      if (d != axis && !dims[d].is_known()) dims[d] = (*shape)[d];
    }
  }
  node.set(0, node.dtype(1), std::move(dims));
}

class QLinearConcat final : public Kernel {
 public:
  explicit QLinearConcat(const NodeInfo& node) : axis_(node.integer("axis", 0)) {
    if (node.input_count() < 5 || node.input_count() % 3 != 2) {
      node.fail(invalid_argument(
          "expected two inputs and three for each tensor (elements, scale, zero point), found {}",
          node.input_count()));
    }
  }

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const int axis, resolve_axis(axis_, call.shape(2).rank()));
    ASSIGN_OR_RETURN(const Shape shape, joined(call, axis));
    ASSIGN_OR_RETURN(const Quantizer y, read_quantizer(call, 0, 1, call.dtype(1)));
    return dispatch(Bytes{}, call.dtype(1), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      int64_t outer = 1, row = 1;
      for (int i = 0; i < shape.rank(); ++i) (i < axis ? outer : row) *= shape[i];
      int64_t at = 0;
      for (size_t i = 2; i + 2 < call.input_count(); i += 3) {
        ASSIGN_OR_RETURN(const Quantizer x, read_quantizer(call, i + 1, i + 2, call.dtype(i)));
        const int64_t part = outer == 0 ? 0 : call.input(i).count() / outer;
        RETURN_IF_ERROR(dispatch(Bytes{}, call.dtype(i), [&](auto from) -> Status {
          const auto* src = call.input(i).as<decltype(from)>().data();
          for (int64_t o = 0; o < outer; ++o) {
            for (int64_t j = 0; j < part; ++j) {
              const auto value = static_cast<float>(src[o * part + j] - x.zero);
              dst[o * row + at + j] = saturate<T>(value * x.scale / y.scale, y.zero);
            }
          }
          return {};
        }));
        at += part;
      }
      return {};
    });
  }

 private:
  static Result<Shape> joined(const Call& call, int axis) {
    const Shape& first = call.shape(2);
    std::array<int64_t, kMaxRank> dims{};
    std::copy(first.dims().begin(), first.dims().end(), dims.begin());
    for (size_t i = 5; i < call.input_count(); i += 3) {
      const Shape& shape = call.shape(i);
      bool fits = shape.rank() == first.rank();
      for (int d = 0; d < first.rank() && fits; ++d) fits = d == axis || shape[d] == first[d];
      int64_t& sum = dims[static_cast<size_t>(axis)];
      if (!fits || __builtin_add_overflow(sum, shape[axis], &sum)) {
        return invalid_argument("expected shapes alike but for axis {}, found {} and {}", axis,
                                first.to_string(), shape.to_string());
      }
    }
    return Shape::create(std::span(dims.data(), static_cast<size_t>(first.rank())));
  }

  int64_t axis_;
};

}  // namespace

extern const Operator kMsQLinearConcat = {.domain = "com.microsoft",
                                          .name = "QLinearConcat",
                                          .versions = {1},
                                          .inputs = {5, kAny},
                                          .infer = infer,
                                          .create = make<QLinearConcat>,
                                          .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
