// NonZero (ai.onnx 9, 13): the indices of elements other than 0 (strings: other than empty), one
// row for each dimension. A scalar counts as a vector of one.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  Dims dims(2);
  if (const auto rank = node.rank(0)) dims[0] = Dim(static_cast<int64_t>(std::max(*rank, 1)));
  node.set(0, DType::kInt64, std::move(dims));
}

template <typename T>
bool is_set(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return !value.empty();
  } else if constexpr (kIsHalf<T>) {
    return static_cast<float>(value) != 0;
  } else {
    return value != T{};
  }
}

Status run(Call& call) {
  RETURN_IF_ERROR(check_tensor(call, 0));
  using Elements =
      Types<float, double, Float16, BFloat16, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t,
            uint32_t, uint64_t, bool, Complex64, Complex128, std::string>;
  const Shape& shape = call.shape(0);
  return dispatch(Elements{}, call.dtype(0), [&](auto tag) -> Status {
    using T = decltype(tag);
    const std::span<const T> src = call.input(0).as<T>();
    const int64_t found = std::ranges::count_if(src, is_set<T>);
    const int rank = std::max(shape.rank(), 1);
    ASSIGN_OR_RETURN(const Shape result, Shape::create(std::array<int64_t, 2>{rank, found}));
    ASSIGN_OR_RETURN(int64_t * dst, call.output<int64_t>(0, result));
    if (shape.rank() == 0) {
      if (found == 1) dst[0] = 0;
      return {};
    }
    for (size_t i = 0; i < src.size(); ++i) {
      if (!is_set(src[i])) continue;
      auto rest = static_cast<int64_t>(i);
      for (int d = rank - 1; d >= 0; --d) {
        dst[d * found] = rest % shape[d];
        rest /= shape[d];
      }
      ++dst;
    }
    return {};
  });
}

}  // namespace

extern const Operator kNonZero = {.domain = "",
                                  .name = "NonZero",
                                  .versions = {9, 13},
                                  .inputs = {1, 1},
                                  .infer = infer,
                                  .create = make_function<run>};

}  // namespace escuta::ops
