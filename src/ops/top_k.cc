// TopK (ai.onnx 1, 10, 11, 24): the k largest (or smallest) elements along `axis` and their
// indices, best first; of equal elements the one with the lower index comes first. NaN is above all
// numbers.
#include <algorithm>
#include <numeric>

#include "ops/arguments.h"
#include "ops/dims.h"
#include "ops/dispatch.h"
#include "ops/operator.h"
#include "ops/order.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  node.set(0, node.dtype(0), std::nullopt);
  node.set(1, DType::kInt64, std::nullopt);
  if (!node.shape(0)) return;
  Dims dims = *node.shape(0);
  const auto axis = static_cast<size_t>(
      normalize_axis(node, node.integer("axis", -1), static_cast<int>(dims.size())));
  if (!node.status().ok()) return;
  Dim k;
  if (node.version() < 10) {
    k = dim_of(node.integer("k", -1));
  } else if (const auto elements = small_elements(node, 1); elements && elements->size() == 1) {
    k = (*elements)[0];
  }
  dims[axis] = k;
  node.set(0, node.dtype(0), dims);
  node.set(1, DType::kInt64, std::move(dims));
}

class TopK final : public Kernel {
 public:
  explicit TopK(const NodeInfo& node)
      : axis_(node.integer("axis", -1)),
        has_attribute_(node.version() < 10),
        k_(has_attribute_ ? node.integer("k", -1) : 0),
        largest_(node.version() < 11 || node.integer("largest", 1) != 0) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensor(call, 0));
    const Shape& input = call.shape(0);
    ASSIGN_OR_RETURN(const int axis, resolve_axis(axis_, input.rank()));
    int64_t k = k_;
    if (!has_attribute_) {
      ASSIGN_OR_RETURN(k, read_int(call, 1, "K"));
    }
    if (k < 0 || k > input[axis]) {
      return invalid_argument("expected k from 0 to {}, found {}", input[axis], k);
    }
    std::array<int64_t, kMaxRank> dims{};
    std::copy(input.dims().begin(), input.dims().end(), dims.begin());
    dims[static_cast<size_t>(axis)] = k;
    ASSIGN_OR_RETURN(const Shape shape,
                     Shape::create({dims.data(), static_cast<size_t>(input.rank())}));
    return dispatch(Numbers{}, call.dtype(0),
                    [&](auto tag) -> Status { return top<decltype(tag)>(call, axis, k, shape); });
  }

 private:
  template <typename T>
  Status top(Call& call, int axis, int64_t k, const Shape& shape) const {
    const Shape& input = call.shape(0);
    ASSIGN_OR_RETURN(T * values, call.output<T>(0, shape));
    ASSIGN_OR_RETURN(int64_t * indices, call.output<int64_t>(1, shape));
    if (shape.count() == 0) return {};
    int64_t outer = 1, step = 1;
    for (int i = 0; i < input.rank(); ++i) {
      if (i != axis) (i < axis ? outer : step) *= input[i];
    }
    const int64_t length = input[axis];
    ASSIGN_OR_RETURN(int64_t * order, call.scratch_of<int64_t>(length));
    const T* src = call.input(0).as<T>().data();
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t s = 0; s < step; ++s) {
        const T* line = src + o * length * step + s;
        pick(line, step, length, k, order);
        for (int64_t i = 0; i < k; ++i) {
          const int64_t at = (o * k + i) * step + s;
          values[at] = line[order[i] * step];
          indices[at] = order[i];
        }
      }
    }
    return {};
  }

  // order[0..k): the indices of the best elements of a line, best first.
  template <typename T>
  void pick(const T* line, int64_t step, int64_t length, int64_t k, int64_t* order) const {
    const auto before = [&](int64_t a, int64_t b) {
      const T& x = line[a * step];
      const T& y = line[b * step];
      if (largest_ ? is_less(y, x) : is_less(x, y)) return true;
      if (largest_ ? is_less(x, y) : is_less(y, x)) return false;
      return a < b;
    };
    if (k == 1) {
      order[0] = 0;
      for (int64_t i = 1; i < length; ++i) {
        if (before(i, order[0])) order[0] = i;
      }
      return;
    }
    std::iota(order, order + length, int64_t{0});
    std::partial_sort(order, order + k, order + length, before);
  }

  int64_t axis_;
  bool has_attribute_;
  int64_t k_;
  bool largest_;
};

}  // namespace

extern const Operator kTopK = {.domain = "",
                               .name = "TopK",
                               .versions = {1, 10, 11, 24},
                               .inputs = {1, 2},
                               .outputs = {2, 2},
                               .infer = infer,
                               .create = make<TopK>};

}  // namespace escuta::ops
