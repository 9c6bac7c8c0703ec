// QGemm (com.microsoft 1): alpha A B + C of quantised matrices, the result quantised or, without
// y_scale and y_zero_point, float. C is in units of alpha * a_scale * b_scale.
#include "ops/operator.h"
#include "ops/quantized_conv.h"

namespace escuta::ops {
namespace {

enum : size_t { kA, kAScale, kAZero, kB, kBScale, kBZero, kC, kYScale, kYZero };

void infer(Inference& node) {
  Dims dims(2);
  if (const auto& a = node.shape(kA); a && a->size() == 2) {
    dims[0] = (*a)[node.integer("transA", 0) != 0 ? 1 : 0];
  }
  if (const auto& b = node.shape(kB); b && b->size() == 2) {
    dims[1] = (*b)[node.integer("transB", 0) != 0 ? 0 : 1];
  }
  node.set(0, node.has_input(kYScale) ? node.dtype(kYZero) : DType::kFloat, std::move(dims));
}

// Where C [m, n], or what broadcasts to it, has its elements; steps may be 0.
struct Addend {
  const int32_t* data = nullptr;
  int64_t row = 0, col = 0;

  static Result<Addend> create(const Call& call, int64_t m, int64_t n) {
    if (!call.has(kC)) return Addend{};
    RETURN_IF_ERROR(check_dtype(call, kC, DType::kInt32));
    const Shape& shape = call.shape(kC);
    const int64_t rows = shape.rank() == 2 ? shape[0] : 1;
    const int64_t cols = shape.rank() >= 1 ? shape[shape.rank() - 1] : 1;
    if (shape.rank() > 2 || (rows != 1 && rows != m) || (cols != 1 && cols != n)) {
      return invalid_argument("expected C to broadcast to [{}, {}], found {}", m, n,
                              shape.to_string());
    }
    return Addend{call.input(kC).as<int32_t>().data(), rows == 1 ? 0 : cols, cols == 1 ? 0 : 1};
  }
};

struct Sizes {
  int64_t m, n, k;
};

class QGemm final : public Kernel {
 public:
  explicit QGemm(const NodeInfo& node)
      : trans_a_(node.integer("transA", 0) != 0),
        trans_b_(node.integer("transB", 0) != 0),
        alpha_(node.number("alpha", 1)) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_rank(call, kA, 2));
    RETURN_IF_ERROR(check_rank(call, kB, 2));
    const Shape& a = call.shape(kA);
    const Shape& b = call.shape(kB);
    const Sizes s{.m = a[trans_a_ ? 1 : 0], .n = b[trans_b_ ? 0 : 1], .k = a[trans_a_ ? 0 : 1]};
    if (b[trans_b_ ? 1 : 0] != s.k) {
      return invalid_argument("expected matrices that multiply, found {} and {}", a.to_string(),
                              b.to_string());
    }
    if (call.has(kYScale) != call.has(kYZero)) {
      return invalid_argument("expected y_scale and y_zero_point together, found one of them");
    }
    RETURN_IF_ERROR(check_dtype(call, kBScale, DType::kFloat));
    RETURN_IF_ERROR(check_parameter(call, kBScale, DType::kFloat, s.n));
    RETURN_IF_ERROR(check_parameter(call, kBZero, call.dtype(kB), s.n));
    if (!call.has(kYScale)) {
      return multiply<float>(call, s, [](float value) { return value; });
    }
    ASSIGN_OR_RETURN(const Quantizer y, read_quantizer(call, kYScale, kYZero, call.dtype(kYZero)));
    return dispatch(Bytes{}, call.dtype(kYZero), [&](auto tag) -> Status {
      using T = decltype(tag);
      return multiply<T>(call, s,
                         [y](float value) { return saturate<T>(value / y.scale, y.zero); });
    });
  }

 private:
  template <typename T, typename Finish>
  Status multiply(Call& call, const Sizes& s, Finish&& finish) const {
    ASSIGN_OR_RETURN(const Quantizer a, read_quantizer(call, kAScale, kAZero, call.dtype(kA)));
    ASSIGN_OR_RETURN(const Addend c, Addend::create(call, s.m, s.n));
    const std::array<int64_t, 2> dims = {s.m, s.n};
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    if (shape.count() == 0) return {};
    ASSIGN_OR_RETURN(const uint32_t* left, centred_a(call, a.zero));
    ASSIGN_OR_RETURN(const uint32_t* right, centred_b(call, s));
    ASSIGN_OR_RETURN(uint32_t * sums, call.scratch_of<uint32_t>(4 * s.n));
    const float* b_scale = call.input(kBScale).as<float>().data();
    const int64_t scale_step = call.input(kBScale).count() == 1 ? 0 : 1;
    const int64_t row_step = trans_a_ ? 1 : s.k;
    for (int64_t first = 0; first < s.m; first += 4) {
      RETURN_IF_ERROR(call.check_cancelled());
      const int64_t rows = std::min<int64_t>(4, s.m - first);
      tile_product(left + first * row_step, row_step, trans_a_ ? s.m : int64_t{1}, right, s.n, rows,
                   s.k, s.n, sums, s.n);
      for (int64_t i = 0; i < rows; ++i) {
        const int32_t* add = c.data == nullptr ? nullptr : c.data + (first + i) * c.row;
        for (int64_t j = 0; j < s.n; ++j) {
          const uint32_t sum =
              sums[i * s.n + j] + (add == nullptr ? 0 : static_cast<uint32_t>(add[j * c.col]));
          dst[(first + i) * s.n + j] = finish(static_cast<float>(static_cast<int32_t>(sum)) *
                                              (alpha_ * a.scale * b_scale[j * scale_step]));
        }
      }
    }
    return {};
  }

  static Result<const uint32_t*> centred_a(Call& call, int32_t zero) {
    const int64_t count = call.input(kA).count();
    ASSIGN_OR_RETURN(uint32_t * dst, call.scratch_of<uint32_t>(count));
    RETURN_IF_ERROR(dispatch(Bytes{}, call.dtype(kA), [&](auto tag) -> Status {
      const auto* src = call.input(kA).as<decltype(tag)>().data();
      for (int64_t i = 0; i < count; ++i) dst[i] = static_cast<uint32_t>(src[i] - zero);
      return {};
    }));
    return dst;
  }

  // [k, n], also where B is transposed.
  Result<const uint32_t*> centred_b(Call& call, const Sizes& s) const {
    ASSIGN_OR_RETURN(uint32_t * dst, call.scratch_of<uint32_t>(call.input(kB).count()));
    RETURN_IF_ERROR(dispatch(Bytes{}, call.dtype(kB), [&](auto tag) -> Status {
      const auto* src = call.input(kB).as<decltype(tag)>().data();
      for (int64_t j = 0; j < s.n; ++j) {
        const int32_t zero = byte_at(call, kBZero, j);
        for (int64_t p = 0; p < s.k; ++p) {
          const int64_t from = trans_b_ ? j * s.k + p : p * s.n + j;
          dst[p * s.n + j] = static_cast<uint32_t>(src[from] - zero);
        }
      }
      return {};
    }));
    return dst;
  }

  bool trans_a_, trans_b_;
  float alpha_;
};

}  // namespace

extern const Operator kMsQGemm = {.domain = "com.microsoft",
                                  .name = "QGemm",
                                  .versions = {1},
                                  .inputs = {6, 9},
                                  .infer = infer,
                                  .create = make<QGemm>,
                                  .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
