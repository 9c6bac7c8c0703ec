// Einsum: operands are contracted from left to right, each pair as a batch of matrix products, so
// that the work is that of products and no label is summed later than it can be.
#include <bitset>

#include "ops/check_input.h"
#include "ops/dispatch.h"
#include "ops/einsum_equation.h"
#include "ops/operator.h"
#include "ops/product.h"
#include "ops/widened.h"

namespace escuta::ops {
namespace {

constexpr int kLabels = EinsumEquation::kLabels;
using Labels = std::bitset<kLabels>;
using Sizes = std::array<int64_t, kLabels>;

// A strided view whose dimensions have names.
template <typename W>
struct View {
  const W* data = nullptr;
  Labels labels;
  Sizes strides{};
};

Result<int64_t> count_of(std::span<const int> labels, const Sizes& sizes) {
  int64_t count = 1;
  for (const int label : labels) {
    const int64_t size = std::max<int64_t>(sizes[static_cast<size_t>(label)], 1);
    if (__builtin_mul_overflow(count, size, &count)) {
      return resource_exhausted("an intermediate result has more elements than 64 bits can count");
    }
  }
  for (const int label : labels) count *= sizes[static_cast<size_t>(label)] == 0 ? 0 : 1;
  return count;
}

std::vector<int> list(const Labels& labels) {
  std::vector<int> all;
  for (int label = 0; label < kLabels; ++label) {
    if (labels[static_cast<size_t>(label)]) all.push_back(label);
  }
  return all;
}

template <typename W>
class Contraction {
 public:
  Contraction(Call& call, const Sizes& sizes) : call_(call), sizes_(sizes) {}

  // dst: elements of `view` in the order of labels `kept`, summed over its other labels.
  Status collect(const View<W>& view, std::span<const int> kept, W* dst) const {
    ASSIGN_OR_RETURN(const int64_t count, count_of(kept, sizes_));
    Labels rest = view.labels;
    for (const int label : kept) rest.reset(static_cast<size_t>(label));
    const std::vector<int> summed = list(rest);
    ASSIGN_OR_RETURN(const int64_t terms, count_of(summed, sizes_));
    Walk outer(view, kept, sizes_);
    Walk inner(view, summed, sizes_);
    for (int64_t i = 0; i < count; ++i, outer.step()) {
      if (summed.empty()) {
        dst[i] = view.data[outer.at];
        continue;
      }
      W sum = 0;
      for (int64_t j = 0; j < terms; ++j, inner.step()) sum += view.data[outer.at + inner.at];
      dst[i] = sum;
      if ((i & 0xffff) == 0) RETURN_IF_ERROR(call_.check_cancelled());
    }
    return {};
  }

  // The product of a and b, summed over labels that are not in `needed`.
  Result<View<W>> contract(const View<W>& a, const View<W>& b, const Labels& needed) const {
    const Labels both = a.labels & b.labels;
    const std::vector<int> batch = list(both & needed), depth = list(both & ~needed);
    const std::vector<int> rows = list(a.labels & ~b.labels & needed);
    const std::vector<int> columns = list(b.labels & ~a.labels & needed);
    ASSIGN_OR_RETURN(const W* x, arranged(a, {batch, rows, depth}));
    ASSIGN_OR_RETURN(const W* y, arranged(b, {batch, depth, columns}));
    std::vector<int> order = joined({batch, rows, columns});
    ASSIGN_OR_RETURN(const int64_t count, count_of(order, sizes_));
    ASSIGN_OR_RETURN(W * dst, call_.scratch_of<W>(count));
    View<W> result;
    result.data = dst;
    if (count > 0) {
      ASSIGN_OR_RETURN(const int64_t n, count_of(batch, sizes_));
      ASSIGN_OR_RETURN(const int64_t m, count_of(rows, sizes_));
      ASSIGN_OR_RETURN(const int64_t k, count_of(depth, sizes_));
      ASSIGN_OR_RETURN(const int64_t c, count_of(columns, sizes_));
      for (int64_t i = 0; i < n; ++i) {
        multiply(x + i * m * k, k, 1, y + i * k * c, dst + i * m * c, m, k, c);
        RETURN_IF_ERROR(call_.check_cancelled());
      }
    }
    int64_t stride = 1;
    for (size_t i = order.size(); i-- > 0;) {
      const auto label = static_cast<size_t>(order[i]);
      result.labels.set(label);
      result.strides[label] = stride;
      stride *= std::max<int64_t>(sizes_[label], 1);
    }
    return result;
  }

 private:
  // Goes through all values of some labels, the last one fastest, and starts again.
  struct Walk {
    std::vector<int64_t> sizes, strides, index;
    int64_t at = 0;
    Walk(const View<W>& view, std::span<const int> labels, const Sizes& all)
        : index(labels.size()) {
      for (const int label : labels) {
        sizes.push_back(all[static_cast<size_t>(label)]);
        strides.push_back(view.strides[static_cast<size_t>(label)]);
      }
    }
    void step() {
      for (size_t i = sizes.size(); i-- > 0;) {
        at += strides[i];
        if (++index[i] < sizes[i]) return;
        at -= strides[i] * sizes[i];
        index[i] = 0;
      }
    }
  };

  static std::vector<int> joined(std::initializer_list<std::span<const int>> parts) {
    std::vector<int> all;
    for (const auto part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  }

  Result<const W*> arranged(const View<W>& view,
                            std::initializer_list<std::span<const int>> parts) const {
    const std::vector<int> order = joined(parts);
    ASSIGN_OR_RETURN(const int64_t count, count_of(order, sizes_));
    ASSIGN_OR_RETURN(W * dst, call_.scratch_of<W>(count));
    RETURN_IF_ERROR(collect(view, order, dst));
    return static_cast<const W*>(dst);
  }

  Call& call_;
  const Sizes& sizes_;
};

Result<EinsumEquation> equation_of(const NodeInfo& node) {
  ASSIGN_OR_RETURN(EinsumEquation equation, EinsumEquation::parse(node.text("equation", "")));
  if (equation.operands.size() != node.input_count()) {
    return invalid_argument("equation: expected {} operands, one per input, found {}",
                            node.input_count(), equation.operands.size());
  }
  return equation;
}

class Einsum final : public Kernel {
 public:
  explicit Einsum(const NodeInfo& node) {
    Result<EinsumEquation> equation = equation_of(node);
    if (equation.ok()) {
      equation_ = std::move(*equation);
    } else {
      node.fail(equation.status());
    }
  }

  Status run(Call& call) const override {
    if (call.input_count() != equation_.operands.size()) {
      return invalid_argument("expected {} inputs, found {}", equation_.operands.size(),
                              call.input_count());
    }
    Sizes sizes;
    sizes.fill(1);
    int ellipsis = 0;
    std::vector<std::vector<int>> labels;
    for (size_t i = 0; i < call.input_count(); ++i) {
      RETURN_IF_ERROR(check_dtype(call, i, call.dtype(0)));
      const int rank = call.shape(i).rank();
      ASSIGN_OR_RETURN(std::vector<int> mine, equation_.operands[i].labels(rank));
      ellipsis = std::max(ellipsis, rank - equation_.operands[i].letters());
      for (int axis = 0; axis < rank; ++axis) {
        int64_t& size = sizes[static_cast<size_t>(mine[static_cast<size_t>(axis)])];
        const int64_t found = call.shape(i)[axis];
        if (size != 1 && found != 1 && found != size) {
          return invalid_argument("input {}: expected {} or 1 in dimension {}, found {}", i, size,
                                  axis, found);
        }
        if (size == 1) size = found;
      }
      labels.push_back(std::move(mine));
    }
    ASSIGN_OR_RETURN(const std::vector<int> result,
                     equation_.result.labels(equation_.result.letters() +
                                             (equation_.result.ellipsis ? ellipsis : 0)));
    using AllTypes = Types<float, double, Float16, BFloat16, int8_t, int16_t, int32_t, int64_t,
                           uint8_t, uint16_t, uint32_t, uint64_t>;
    return dispatch(AllTypes{}, call.dtype(0), [&](auto tag) -> Status {
      return contract_all<decltype(tag)>(call, labels, result, sizes);
    });
  }

 private:
  // Input i with its labels. A dimension of 1 that broadcasts is as if it were not there.
  template <typename T, typename W>
  static Result<View<W>> view_of(Call& call, size_t i, const std::vector<int>& labels,
                                 const Sizes& sizes) {
    View<W> view;
    ASSIGN_OR_RETURN(view.data, (widened<W>(call, call.input(i).as<T>())));
    const Shape& shape = call.shape(i);
    int64_t stride = 1;
    std::array<int64_t, kLabels> found{};
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      const auto label = static_cast<size_t>(labels[static_cast<size_t>(axis)]);
      if (found[label] != 0 && found[label] != shape[axis] + 1) {
        return invalid_argument(
            "input {}: expected equal dimensions for a repeated label, found {}", i,
            shape.to_string());
      }
      found[label] = shape[axis] + 1;
      if (shape[axis] == sizes[label]) {
        view.labels.set(label);
        view.strides[label] += stride;  // twice for a diagonal
      }
      stride *= std::max<int64_t>(shape[axis], 1);
    }
    return view;
  }

  template <typename T>
  static Status contract_all(Call& call, const std::vector<std::vector<int>>& labels,
                             const std::vector<int>& result, const Sizes& sizes) {
    using W = ProductType<T>;
    const Contraction<W> contraction(call, sizes);
    std::vector<Labels> needed(labels.size());  // after operand i
    for (const int label : result) needed.back().set(static_cast<size_t>(label));
    for (size_t i = labels.size() - 1; i > 0; --i) {
      needed[i - 1] = needed[i];
      for (const int label : labels[i]) needed[i - 1].set(static_cast<size_t>(label));
    }
    ASSIGN_OR_RETURN(auto view, (view_of<T, W>(call, 0, labels[0], sizes)));
    for (size_t i = 1; i < labels.size(); ++i) {
      ASSIGN_OR_RETURN(const auto next, (view_of<T, W>(call, i, labels[i], sizes)));
      ASSIGN_OR_RETURN(view, contraction.contract(view, next, needed[i]));
    }
    if (result.size() > kMaxRank) {
      return invalid_argument("expected a result of at most {} dimensions, found {}", kMaxRank,
                              result.size());
    }
    std::array<int64_t, kMaxRank> dims{};
    for (size_t i = 0; i < result.size(); ++i) dims[i] = sizes[static_cast<size_t>(result[i])];
    ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), result.size()}));
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    if constexpr (kIsProductType<T>) {
      return contraction.collect(view, result, reinterpret_cast<W*>(dst));
    } else {
      ASSIGN_OR_RETURN(W * sums, call.scratch_of<W>(shape.count()));
      RETURN_IF_ERROR(contraction.collect(view, result, sums));
      for (int64_t i = 0; i < shape.count(); ++i) dst[i] = static_cast<T>(sums[i]);
      return {};
    }
  }

  EinsumEquation equation_;
};

// What two operands say of one label together.
Dim merged(const Dim& a, const Dim& b) {
  const Dim one(int64_t{1});
  if (a == one || a == b) return b;
  if (b == one || a.is_known()) return a;
  return b.is_known() ? b : Dim();
}

void infer(Inference& node) {
  Result<EinsumEquation> equation = equation_of(node);
  if (!equation.ok()) return node.fail(equation.status());
  std::vector<Dim> dims(kLabels, Dim(int64_t{1}));
  int ellipsis = 0;
  for (size_t i = 0; i < node.input_count(); ++i) {
    const EinsumEquation::Term& term = equation->operands[i];
    if (!node.shape(i)) {
      if (term.ellipsis && equation->result.ellipsis) return node.set(0, node.dtype(0), {});
      for (const auto* letters : {&term.before, &term.after}) {
        for (const int letter : *letters) {
          Dim& dim = dims[static_cast<size_t>(letter)];
          dim = merged(dim, Dim());
        }
      }
      continue;
    }
    const int rank = static_cast<int>(node.shape(i)->size());
    Result<std::vector<int>> labels = term.labels(rank);
    if (!labels.ok()) return node.fail(labels.status());
    if (rank - term.letters() > kMaxRank) return node.set(0, node.dtype(0), {});
    ellipsis = std::max(ellipsis, rank - term.letters());
    for (size_t axis = 0; axis < labels->size(); ++axis) {
      Dim& dim = dims[static_cast<size_t>((*labels)[axis])];
      dim = merged(dim, (*node.shape(i))[axis]);
    }
  }
  const EinsumEquation::Term& result = equation->result;
  Dims shape;
  for (const int letter : result.before) shape.push_back(dims[static_cast<size_t>(letter)]);
  for (int k = result.ellipsis ? ellipsis : 0; k-- > 0;) {
    shape.push_back(dims[static_cast<size_t>(EinsumEquation::kLetters + k)]);
  }
  for (const int letter : result.after) shape.push_back(dims[static_cast<size_t>(letter)]);
  node.set(0, node.dtype(0), std::move(shape));
}

}  // namespace

extern const Operator kEinsum = {.domain = "",
                                 .name = "Einsum",
                                 .versions = {12},
                                 .inputs = {1, kAny},
                                 .infer = infer,
                                 .create = make<Einsum>,
                                 .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
