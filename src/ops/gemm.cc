// Gemm: alpha A' B' + beta C, where A' and B' are A and B or their transposes and C broadcasts.
#include <cmath>

#include "ops/check_input.h"
#include "ops/dispatch.h"
#include "ops/operator.h"
#include "ops/product.h"
#include "ops/reduction.h"
#include "ops/widened.h"

namespace escuta::ops {
namespace {

class Gemm final : public Kernel {
 public:
  explicit Gemm(const NodeInfo& node)
      : alpha_(node.number("alpha", 1)),
        beta_(node.number("beta", 1)),
        transpose_a_(node.integer("transA", 0) != 0),
        transpose_b_(node.integer("transB", 0) != 0) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_rank(call, 0, 2));
    RETURN_IF_ERROR(check_rank(call, 1, 2));
    RETURN_IF_ERROR(check_dtype(call, 1, call.dtype(0)));
    if (call.has(2)) RETURN_IF_ERROR(check_dtype(call, 2, call.dtype(0)));
    const Shape& a = call.shape(0);
    const Shape& b = call.shape(1);
    if (a[transpose_a_ ? 0 : 1] != b[transpose_b_ ? 1 : 0]) {
      return invalid_argument("expected matrices that multiply, found {}{} and {}{}", a.to_string(),
                              transpose_a_ ? " (transposed)" : "", b.to_string(),
                              transpose_b_ ? " (transposed)" : "");
    }
    ASSIGN_OR_RETURN(const Shape shape,
                     Shape::create(std::array{a[transpose_a_ ? 1 : 0], b[transpose_b_ ? 0 : 1]}));
    const Shape& c = call.has(2) ? call.shape(2) : Shape();
    ASSIGN_OR_RETURN(const auto broadcast, Broadcast<2>::create({&shape, &c}));
    if (broadcast.shape() != shape) {
      return invalid_argument("C: expected a shape that broadcasts to {}, found {}",
                              shape.to_string(), c.to_string());
    }
    using AllTypes = Types<float, double, Float16, BFloat16, int32_t, int64_t, uint32_t, uint64_t>;
    return dispatch(AllTypes{}, call.dtype(0),
                    [&](auto tag) -> Status { return loop<decltype(tag)>(call, broadcast); });
  }

 private:
  template <typename T>
  Status loop(Call& call, const Broadcast<2>& broadcast) const {
    using W = ProductType<T>;
    const Shape& shape = broadcast.shape();
    const int64_t rows = shape[0], columns = shape[1];
    const int64_t depth = call.shape(0)[transpose_a_ ? 0 : 1];
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    ASSIGN_OR_RETURN(const W* a, (widened<W>(call, call.input(0).as<T>())));
    ASSIGN_OR_RETURN(const W* b, (widened<W>(call, call.input(1).as<T>())));
    if (transpose_b_) {
      ASSIGN_OR_RETURN(W * turned, call.scratch_of<W>(depth * columns));
      transpose(b, turned, columns, depth);
      b = turned;
    }
    W* products = nullptr;
    if constexpr (kIsProductType<T>) {
      products = reinterpret_cast<W*>(dst);
    } else {
      ASSIGN_OR_RETURN(products, call.scratch_of<W>(rows * columns));
    }
    multiply(a, transpose_a_ ? 1 : depth, transpose_a_ ? rows : 1, b, products, rows, depth,
             columns);
    if (!call.has(2) || beta_ == 0) {
      for (int64_t i = 0; i < rows * columns; ++i) dst[i] = scaled<T>(products[i], T{}, 0);
      return {};
    }
    const T* c = call.input(2).as<T>().data();
    broadcast.for_each_run([&](int64_t at, int64_t count, const auto& src, const auto& steps) {
      for (int64_t i = 0; i < count; ++i) {
        dst[at + i] = scaled<T>(products[at + i], c[src[1] + i * steps[1]], beta_);
      }
    });
    return {};
  }

  // alpha product + beta c
  template <typename T>
  T scaled(ProductType<T> product, T c, float beta) const {
    using W = ProductType<T>;
    if constexpr (kIsFloat<T>) {
      const W sum = static_cast<W>(alpha_) * product;
      return static_cast<T>(beta == 0 ? sum : sum + static_cast<W>(beta) * static_cast<W>(c));
    } else {
      if (alpha_ == 1 && (beta == 0 || beta == 1)) {
        return static_cast<T>(product + (beta == 0 ? W{0} : static_cast<W>(c)));
      }
      return saturated<T>(static_cast<double>(alpha_) *
                              static_cast<double>(static_cast<T>(product)) +
                          static_cast<double>(beta) * static_cast<double>(c));
    }
  }

  float alpha_, beta_;
  bool transpose_a_, transpose_b_;
};

void infer(Inference& node) {
  const auto& a = node.shape(0);
  const auto& b = node.shape(1);
  if ((a && a->size() != 2) || (b && b->size() != 2)) {
    return node.fail(invalid_argument("expected matrices, found ranks {} and {}", a ? a->size() : 2,
                                      b ? b->size() : 2));
  }
  const bool transpose_a = node.integer("transA", 0) != 0;
  const bool transpose_b = node.integer("transB", 0) != 0;
  Dims dims(2);
  if (a) dims[0] = (*a)[transpose_a ? 1 : 0];
  if (b) dims[1] = (*b)[transpose_b ? 0 : 1];
  node.set(0, node.dtype(0), std::move(dims));
}

}  // namespace

extern const Operator kGemm = {.domain = "",
                               .name = "Gemm",
                               .versions = {1, 6, 7, 9, 11, 13},
                               .inputs = {2, 3},
                               .infer = infer,
                               .create = make<Gemm>,
                               .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
