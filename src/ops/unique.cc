// Unique (ai.onnx 11): the distinct elements, or slices along `axis`, sorted or in the order of
// their first occurrence; for each its first index and its count, and for each element of the input
// which distinct one it is.
#include <algorithm>
#include <numeric>

#include "ops/arguments.h"
#include "ops/copy.h"
#include "ops/dispatch.h"
#include "ops/operator.h"
#include "ops/order.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  std::optional<Dims> dims = Dims(1);
  if (node.has("axis")) {
    dims = node.shape(0);
    if (dims) {
      const int axis =
          normalize_axis(node, node.integer("axis", 0), static_cast<int>(dims->size()));
      if (!node.status().ok()) return;
      (*dims)[static_cast<size_t>(axis)] = Dim();
    }
  }
  node.set(0, node.dtype(0), std::move(dims));
  for (size_t i = 1; i < 4; ++i) node.set(i, DType::kInt64, Dims(1));
}

// The input as slices: [count] of [outer, inner] elements, `stride` elements apart.
struct Slices {
  int64_t outer = 1, count = 1, inner = 1;
  // The offset of slice i, row o.
  int64_t at(int64_t i, int64_t o) const { return (o * count + i) * inner; }
};

// -1, 0, 1 as slice a is below, the same as, or above slice b.
template <typename T>
int compare(const T* src, const Slices& slices, int64_t a, int64_t b) {
  for (int64_t o = 0; o < slices.outer; ++o) {
    const T* x = src + slices.at(a, o);
    const T* y = src + slices.at(b, o);
    for (int64_t i = 0; i < slices.inner; ++i) {
      if (is_less(x[i], y[i])) return -1;
      if (is_less(y[i], x[i])) return 1;
    }
  }
  return 0;
}

class Unique final : public Kernel {
 public:
  explicit Unique(const NodeInfo& node)
      : has_axis_(node.has("axis")),
        axis_(node.integer("axis", 0)),
        sorted_(node.integer("sorted", 1) != 0) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    const Shape& shape = call.shape(0);
    Slices slices;
    int axis = 0;
    if (has_axis_) {
      ASSIGN_OR_RETURN(axis, resolve_axis(axis_, shape.rank()));
      for (int i = 0; i < shape.rank(); ++i) {
        (i < axis ? slices.outer : i == axis ? slices.count : slices.inner) *= shape[i];
      }
      // Nothing to compare: the slices have no elements, and may be more than memory holds.
      if (shape.count() == 0) slices.outer = slices.inner = 0;
    } else {
      slices.count = shape.count();
    }
    using Elements =
        Types<float, double, Float16, BFloat16, int8_t, int16_t, int32_t, int64_t, uint8_t,
              uint16_t, uint32_t, uint64_t, bool, Complex64, Complex128, std::string>;
    return dispatch(Elements{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      return unique(call, call.input(0).as<T>().data(), slices, axis);
    });
  }

 private:
  template <typename T>
  Status unique(Call& call, const T* src, const Slices& slices, int axis) const {
    const int64_t n = slices.count;
    ASSIGN_OR_RETURN(int64_t * order, call.scratch_of<int64_t>(n));
    ASSIGN_OR_RETURN(int64_t * first, call.scratch_of<int64_t>(n));   // of each group
    ASSIGN_OR_RETURN(int64_t * counts, call.scratch_of<int64_t>(n));  // of each group
    ASSIGN_OR_RETURN(int64_t * group, call.scratch_of<int64_t>(n));   // of each slice
    std::iota(order, order + n, int64_t{0});
    std::sort(order, order + n, [&](int64_t a, int64_t b) {
      const int sign = compare(src, slices, a, b);
      return sign != 0 ? sign < 0 : a < b;
    });
    int64_t groups = 0;
    for (int64_t i = 0; i < n; ++i) {
      if (i == 0 || compare(src, slices, order[i - 1], order[i]) != 0) {
        first[groups] = order[i];
        counts[groups++] = 0;
      }
      ++counts[groups - 1];
      group[order[i]] = groups - 1;
    }
    // The groups in the order of the result, and where each came to be.
    std::iota(order, order + groups, int64_t{0});
    if (!sorted_) {
      std::sort(order, order + groups, [&](int64_t a, int64_t b) { return first[a] < first[b]; });
    }
    RETURN_IF_ERROR(
        write_values(call, src, slices, axis, {order, static_cast<size_t>(groups)}, first));
    return write_indices(call, slices, {order, static_cast<size_t>(groups)}, first, counts, group);
  }

  template <typename T>
  Status write_values(Call& call, const T* src, const Slices& slices, int axis,
                      std::span<const int64_t> order, const int64_t* first) const {
    Shape shape = {static_cast<int64_t>(order.size())};
    if (has_axis_) {
      const Shape& input = call.shape(0);
      std::array<int64_t, kMaxRank> dims{};
      std::copy(input.dims().begin(), input.dims().end(), dims.begin());
      dims[static_cast<size_t>(axis)] = static_cast<int64_t>(order.size());
      ASSIGN_OR_RETURN(shape, Shape::create({dims.data(), input.dims().size()}));
    }
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    for (int64_t o = 0; o < slices.outer; ++o) {
      for (const int64_t g : order) {
        std::copy_n(src + slices.at(first[g], o), slices.inner, dst);
        dst += slices.inner;
      }
    }
    return {};
  }

  static Status write_indices(Call& call, const Slices& slices, std::span<const int64_t> order,
                              const int64_t* first, const int64_t* counts, const int64_t* group) {
    const Shape groups = {static_cast<int64_t>(order.size())};
    if (call.wants(1)) {
      ASSIGN_OR_RETURN(int64_t * dst, call.output<int64_t>(1, groups));
      for (const int64_t g : order) *dst++ = first[g];
    }
    if (call.wants(2)) {
      ASSIGN_OR_RETURN(int64_t * place, call.scratch_of<int64_t>(groups[0]));
      for (size_t i = 0; i < order.size(); ++i) place[order[i]] = static_cast<int64_t>(i);
      ASSIGN_OR_RETURN(int64_t * dst, call.output<int64_t>(2, Shape{slices.count}));
      for (int64_t i = 0; i < slices.count; ++i) dst[i] = place[group[i]];
    }
    if (call.wants(3)) {
      ASSIGN_OR_RETURN(int64_t * dst, call.output<int64_t>(3, groups));
      for (const int64_t g : order) *dst++ = counts[g];
    }
    return {};
  }

  bool has_axis_;
  int64_t axis_;
  bool sorted_;
};

}  // namespace

extern const Operator kUnique = {.domain = "",
                                 .name = "Unique",
                                 .versions = {11},
                                 .inputs = {1, 1},
                                 .outputs = {1, 4},
                                 .infer = infer,
                                 .create = make<Unique>};

}  // namespace escuta::ops
