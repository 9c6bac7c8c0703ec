// FlexAttention (ai.onnx.preview): attention whose scores and probabilities pass through bodies
// that the model gives.
#include <cmath>
#include <limits>

#include "ops/check_input.h"
#include "ops/operator.h"
#include "ops/product.h"
#include "ops/widened.h"

namespace escuta::ops {
namespace {

struct Sizes {
  int64_t batch, heads, kv_heads, queries, keys, size, value_size;
};

class FlexAttention final : public Kernel {
 public:
  explicit FlexAttention(const NodeInfo& node)
      : score_body_(node.body("score_mod")),
        prob_body_(node.body("prob_mod")),
        precision_(node.dtype_attribute("softmax_precision", DType::kUndefined)),
        has_scale_(node.has("scale")),
        scale_(node.number("scale", 1)) {}

  Status run(Call& call) const override {
    for (size_t i = 0; i < 3; ++i) {
      RETURN_IF_ERROR(check_rank(call, i, 4));
      RETURN_IF_ERROR(check_dtype(call, i, call.dtype(0)));
    }
    const Shape &q = call.shape(0), &k = call.shape(1), &v = call.shape(2);
    const Sizes sizes{q[0], q[1], k[1], q[2], k[2], q[3], v[3]};
    if (k[0] != q[0] || v[0] != q[0] || v[1] != k[1] || v[2] != k[2] || k[3] != q[3] ||
        (q[1] > 0 && (k[1] < 1 || q[1] % k[1] != 0))) {
      return invalid_argument("expected Q, K and V that go together, found {}, {} and {}",
                              q.to_string(), k.to_string(), v.to_string());
    }
    DType precision = precision_;
    if (precision == DType::kUndefined) {
      precision = call.dtype(0) == DType::kDouble ? DType::kDouble : DType::kFloat;
    }
    const bool wide = call.dtype(0) == DType::kDouble || precision == DType::kDouble;
    return wide ? attend<double>(call, sizes, precision) : attend<float>(call, sizes, precision);
  }

 private:
  template <typename W>
  Status attend(Call& call, const Sizes& sizes, DType precision) const {
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(std::array{sizes.batch, sizes.heads,
                                                                 sizes.queries, sizes.keys}));
    ASSIGN_OR_RETURN(
        const Shape result,
        Shape::create(std::array{sizes.batch, sizes.heads, sizes.queries, sizes.value_size}));
    ASSIGN_OR_RETURN(W * scores, call.scratch_of<W>(shape.count()));
    if (shape.count() > 0) RETURN_IF_ERROR(multiply_keys(call, sizes, scores));
    RETURN_IF_ERROR(modify(call, score_body_, shape, precision, &scores));
    softmax(scores, shape.count(), sizes.keys);
    RETURN_IF_ERROR(modify(call, prob_body_, shape, precision, &scores));
    ASSIGN_OR_RETURN(const auto dst, NarrowedOutput<W>::create(call, 0, call.dtype(2), result));
    ASSIGN_OR_RETURN(const W* v, widened_tensor<W>(call, call.input(2)));
    const int64_t group = sizes.heads / std::max<int64_t>(sizes.kv_heads, 1);
    for (int64_t i = 0; i < sizes.batch * sizes.heads && result.count() > 0; ++i) {
      multiply(static_cast<const W*>(scores) + i * sizes.queries * sizes.keys, sizes.keys, 1,
               v + i / group * sizes.keys * sizes.value_size,
               dst.data() + i * sizes.queries * sizes.value_size, sizes.queries, sizes.keys,
               sizes.value_size);
      RETURN_IF_ERROR(call.check_cancelled());
    }
    return dst.finish();
  }

  // scores [batch, heads, queries, keys] = scale Q K^T
  template <typename W>
  Status multiply_keys(Call& call, const Sizes& sizes, W* scores) const {
    ASSIGN_OR_RETURN(const W* q, widened_tensor<W>(call, call.input(0)));
    ASSIGN_OR_RETURN(const W* k, widened_tensor<W>(call, call.input(1)));
    ASSIGN_OR_RETURN(W * turned, call.scratch_of<W>(sizes.size * sizes.keys));
    const double scale = has_scale_ ? scale_ : 1 / std::sqrt(static_cast<double>(sizes.size));
    const int64_t group = sizes.heads / sizes.kv_heads;
    const int64_t block = sizes.queries * sizes.keys;
    for (int64_t i = 0; i < sizes.batch * sizes.heads; ++i) {
      transpose(k + i / group * sizes.keys * sizes.size, turned, sizes.keys, sizes.size);
      multiply(q + i * sizes.queries * sizes.size, sizes.size, 1, static_cast<const W*>(turned),
               scores + i * block, sizes.queries, sizes.size, sizes.keys);
      for (int64_t j = 0; j < block; ++j) scores[i * block + j] *= static_cast<W>(scale);
      RETURN_IF_ERROR(call.check_cancelled());
    }
    return {};
  }

  // What body `body` makes of the elements, as `precision`; the same without one.
  template <typename W>
  static Status modify(Call& call, int body, const Shape& shape, DType precision, W** elements) {
    if (body < 0) return {};
    ASSIGN_OR_RETURN(const size_t bytes, dtype_bytes(precision, shape.count()));
    ASSIGN_OR_RETURN(std::byte * narrow, call.scratch(bytes));
    RETURN_IF_ERROR(dispatch(Floats{}, precision, [&](auto tag) -> Status {
      using T = decltype(tag);
      T* to = reinterpret_cast<T*>(narrow);
      for (int64_t i = 0; i < shape.count(); ++i) {
        to[i] = static_cast<T>(static_cast<Wide<T>>((*elements)[i]));
      }
      return {};
    }));
    const Datum input = Datum::borrow(precision, shape, narrow);
    Datum output;
    RETURN_IF_ERROR(call.run_body(body, {&input, 1}, {&output, 1}));
    if (!output.is_tensor() || output.dtype() != precision || output.shape() != shape) {
      return invalid_argument("a body's result: expected {} {}, found {} {}", dtype_name(precision),
                              shape.to_string(), dtype_name(output.dtype()),
                              output.shape().to_string());
    }
    return dispatch(Floats{}, precision, [&](auto tag) -> Status {
      const auto from = output.as<decltype(tag)>();
      std::copy(from.begin(), from.end(), *elements);
      return {};
    });
  }

  template <typename W>
  static void softmax(W* elements, int64_t count, int64_t keys) {
    constexpr W kHidden = -std::numeric_limits<W>::infinity();
    for (W* row = elements; row < elements + count; row += keys) {
      const W top = *std::max_element(row, row + keys);
      double sum = 0;
      for (int64_t j = 0; j < keys; ++j) {
        row[j] = top == kHidden ? W{0} : std::exp(row[j] - top);
        sum += row[j];
      }
      const W scale = sum == 0 ? W{0} : static_cast<W>(1 / sum);  // a row that sees nothing: zeros
      for (int64_t j = 0; j < keys; ++j) row[j] *= scale;
    }
  }

  int score_body_, prob_body_;
  DType precision_;
  bool has_scale_;
  double scale_;
};

void infer(Inference& node) {
  Dims dims(4);
  const auto& q = node.shape(0);
  const auto& v = node.shape(2);
  if (q && q->size() == 4) std::copy_n(q->begin(), 3, dims.begin());
  if (v && v->size() == 4) dims[3] = v->back();
  node.set(0, node.dtype(0), std::move(dims));
}

}  // namespace

extern const Operator kFlexAttention = {.domain = "ai.onnx.preview",
                                        .name = "FlexAttention",
                                        .versions = {1},
                                        .inputs = {3, 3},
                                        .infer = infer,
                                        .create = make<FlexAttention>,
                                        .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
