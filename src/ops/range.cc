// Range (ai.onnx 11, 27): start + i * delta. 16-bit floating point computes in the type that
// `stash_type` says.
#include <cmath>
#include <limits>

#include "ops/convert_elements.h"
#include "ops/dispatch.h"
#include "ops/operator.h"
#include "ops/wrapping.h"

namespace escuta::ops {
namespace {

// max(ceil((limit - start) / delta), 0); nothing where that is not a number of elements.
std::optional<int64_t> integer_count(int64_t start, int64_t limit, int64_t delta) {
  if (delta == 0) return std::nullopt;
  if (delta > 0 ? start >= limit : start <= limit) return 0;
  const bool up = delta > 0;
  const uint64_t span = up ? static_cast<uint64_t>(limit) - static_cast<uint64_t>(start)
                           : static_cast<uint64_t>(start) - static_cast<uint64_t>(limit);
  const uint64_t step = up ? static_cast<uint64_t>(delta) : 0 - static_cast<uint64_t>(delta);
  const uint64_t count = span / step + (span % step != 0 ? 1 : 0);
  if (count > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return static_cast<int64_t>(count);
}

std::optional<int64_t> real_count(double start, double limit, double delta) {
  const double count = std::ceil((limit - start) / delta);
  constexpr double kMost = 0x1p62;
  if (delta == 0 || !(count < kMost)) return std::nullopt;  // infinite, or not a number
  return count > 0 ? static_cast<int64_t>(count) : 0;
}

class Range final : public Kernel {
 public:
  explicit Range(const NodeInfo& node) : stash_(node.dtype_attribute("stash_type", DType::kFloat)) {
    if (stash_ != DType::kFloat && stash_ != DType::kDouble) {
      node.fail(invalid_argument("attribute `stash_type`: expected float or double, found {}",
                                 dtype_name(stash_)));
    }
  }

  Status run(Call& call) const override {
    for (size_t i = 1; i < 3; ++i) {
      if (call.dtype(i) != call.dtype(0)) {
        return invalid_argument("expected start, limit and delta of one type, found {} and {}",
                                dtype_name(call.dtype(0)), dtype_name(call.dtype(i)));
      }
    }
    using All = Types<float, double, Float16, BFloat16, int16_t, int32_t, int64_t>;
    return dispatch(All{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      if constexpr (std::is_integral_v<T>) {
        return fill<T, int64_t>(call, integer_count);
      } else if constexpr (std::is_same_v<T, double>) {
        return fill<T, double>(call, real_count);
      } else {
        return stash_ == DType::kDouble && kIsHalf<T> ? fill<T, double>(call, real_count)
                                                      : fill<T, float>(call, real_count);
      }
    });
  }

 private:
  // C: the type to compute in.
  template <typename T, typename C, typename Count>
  static Status fill(Call& call, Count count_of) {
    ASSIGN_OR_RETURN(const C start, load_scalar<C>(call.input(0), "start"));
    ASSIGN_OR_RETURN(const C limit, load_scalar<C>(call.input(1), "limit"));
    ASSIGN_OR_RETURN(const C delta, load_scalar<C>(call.input(2), "delta"));
    const std::optional<int64_t> count = count_of(start, limit, delta);
    if (!count) {
      return invalid_argument("expected a range that ends, found {} to {} by {}", start, limit,
                              delta);
    }
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, Shape{*count}));
    for (int64_t i = 0; i < *count; ++i) {
      dst[i] = static_cast<T>(wrapping_add(start, wrapping_mul(static_cast<C>(i), delta)));
    }
    return {};
  }

  DType stash_;
};

std::optional<int64_t> constant(const Inference& node, size_t i) {
  const auto ints = node.constant_ints(i);
  return ints && ints->size() == 1 ? std::optional(ints->front()) : std::nullopt;
}

void infer(Inference& node) {
  Dim length;
  const auto start = constant(node, 0), delta = constant(node, 2);
  const auto limit = node.shape_elements(1);
  if (start && delta && constant(node, 1)) {
    const auto count = integer_count(*start, *constant(node, 1), *delta);
    if (count) length = Dim(*count);
  } else if (start == 0 && delta == 1 && limit && limit->size() == 1) {
    length = limit->front();
  }
  node.set(0, node.dtype(0), Dims{length});
  // Small ranges may be dimensions, or axes.
  constexpr int64_t kMost = 64;
  if (!node.has_output(0) || !start || !delta || length.value() < 0 || length.value() > kMost) {
    return;
  }
  Dims elements;
  for (int64_t i = 0; i < length.value(); ++i) {
    const int64_t value = wrapping_add(*start, wrapping_mul(i, *delta));
    elements.push_back(value >= 0 ? Dim(value) : Dim());
  }
  node.output(0).elements = std::move(elements);
}

}  // namespace

extern const Operator kRange = {.domain = "",
                                .name = "Range",
                                .versions = {11, 27},
                                .inputs = {3, 3},
                                .infer = infer,
                                .create = make<Range>,
                                .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
