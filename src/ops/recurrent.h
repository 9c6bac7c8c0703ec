// What RNN, GRU, LSTM and their quantised relative share: attributes, activations, sizes, and the
// walk over time in both directions (ONNX specification, LSTM).
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "ops/activation.h"
#include "ops/check_input.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {

// Attributes that all have. `defaults`: the activations of one direction.
struct RecurrentAttributes {
  RecurrentAttributes(const NodeInfo& node, std::span<const Activation::Kind> defaults);

  // Whether direction d goes through time backwards.
  bool backwards(int d) const { return d == 1 || reverse; }
  const Activation* activations_of(int d) const {
    return activations.data() + static_cast<size_t>(d) * functions;
  }
  // Bounds the inputs of activations.
  template <typename A>
  void apply_clip(A* x, int64_t count) const {
    if (clip <= 0) return;
    for (int64_t i = 0; i < count; ++i) x[i] = std::clamp<A>(x[i], -clip, clip);
  }

  int directions = 1;
  bool reverse = false;
  bool batchwise = false;   // attribute `layout`
  int64_t hidden_size = 0;  // 0: not given
  float clip = 0;           // 0: none
  size_t functions = 1;     // activations of one direction
  std::vector<Activation> activations;
};

// Y, Y_h and, with `cell`, Y_c. r_hidden: the dimension of R that is hidden_size.
void infer_recurrent(Inference& node, bool cell, size_t r_hidden = 2);

struct RecurrentSizes {
  int64_t steps = 0;
  int64_t batch = 0;
  int64_t input = 0;
  int64_t hidden = 0;
};

// Checks X [steps, batch, input], or [batch, steps, input]; W and R of `gates` gates: [directions,
// gates * hidden, input or hidden], or with `transposed` [directions, input or hidden, gates *
// hidden]; B; sequence_lens; initial_h; and, with `cell`, initial_c and P.
Result<RecurrentSizes> recurrent_sizes(const Call& call, const RecurrentAttributes& attributes,
                                       int64_t gates, bool cell, bool transposed = false);

// The elements of input i as A: themselves, or widened into scratch. nullptr: absent.
template <typename T>
Result<const Wide<T>*> wide_input(Call& call, size_t i) {
  if (!call.has(i)) return nullptr;
  RETURN_IF_ERROR(check_dtype(call, i, dtype_of<T>()));
  const std::span<const T> src = call.input(i).as<T>();
  if constexpr (std::is_same_v<T, Wide<T>>) {
    return src.data();
  } else {
    ASSIGN_OR_RETURN(Wide<T> * wide, call.scratch_of<Wide<T>>(call.input(i).count()));
    std::copy(src.begin(), src.end(), wide);
    return wide;
  }
}

// out[i] += sum over k of matrix[i, k] x[k]; matrix [rows, depth].
template <typename A>
void add_products(const A* matrix, const A* x, int64_t rows, int64_t depth, A* out);
extern template void add_products(const float*, const float*, int64_t, int64_t, float*);
extern template void add_products(const double*, const double*, int64_t, int64_t, double*);

// The products of a recurrent layer with its weights, and its activations: what a quantised layer,
// or a faster one, does otherwise.
template <typename A>
class GateProducts {
 public:
  virtual ~GateProducts() = default;
  // x[i] = f(x[i]).
  virtual void apply(const Activation& f, A* x, int64_t count) const { f.apply(x, count); }
  // gates [G] = W x + bias, for x at time t of sequence b.
  virtual void input(int direction, int64_t t, int64_t b, A* gates) = 0;
  // out[row * out_row + i] += sum over k of R[first + i, k] h[row, k], for i < count.
  virtual void recur(int direction, int64_t first, int64_t count, const A* h, int64_t rows, A* out,
                     int64_t out_row) = 0;
};

// GateProducts with float weights.
template <typename A>
class FloatProducts final : public GateProducts<A> {
 public:
  // x, w, r as in the inputs X, W, R. bias [directions, gates * hidden] or nullptr.
  FloatProducts(const RecurrentAttributes& attributes, const RecurrentSizes& sizes, int64_t gates,
                const A* x, const A* w, const A* r, const A* bias)
      : sizes_(sizes), rows_(gates * sizes.hidden), x_(x), w_(w), r_(r), bias_(bias) {
    step_ = attributes.batchwise ? sizes.input : sizes.batch * sizes.input;
    sequence_ = attributes.batchwise ? sizes.steps * sizes.input : sizes.input;
  }
  void input(int direction, int64_t t, int64_t b, A* gates) override {
    if (bias_ == nullptr) {
      std::fill(gates, gates + rows_, A{});
    } else {
      std::copy_n(bias_ + direction * rows_, rows_, gates);
    }
    add_products(w_ + direction * rows_ * sizes_.input, x_ + t * step_ + b * sequence_, rows_,
                 sizes_.input, gates);
  }
  void recur(int direction, int64_t first, int64_t count, const A* h, int64_t rows, A* out,
             int64_t out_row) override {
    const A* matrix = r_ + (direction * rows_ + first) * sizes_.hidden;
    for (int64_t row = 0; row < rows; ++row) {
      add_products(matrix, h + row * sizes_.hidden, count, sizes_.hidden, out + row * out_row);
    }
  }

 private:
  RecurrentSizes sizes_;
  int64_t rows_;
  const A *x_, *w_, *r_, *bias_;
  int64_t step_ = 0, sequence_ = 0;
};

// B [directions, 2, gates * hidden] summed over its two halves: [directions, gates * hidden] in
// scratch; of the gates from `unsummed` on the first half alone. nullptr without B.
template <typename A>
Result<const A*> summed_bias(Call& call, const A* b, int directions, int64_t rows,
                             int64_t unsummed) {
  if (b == nullptr) return nullptr;
  ASSIGN_OR_RETURN(A * sum, call.scratch_of<A>(directions * rows));
  for (int64_t d = 0; d < directions; ++d) {
    for (int64_t i = 0; i < rows; ++i) {
      sum[d * rows + i] = b[2 * d * rows + i] + (i < unsummed ? b[(2 * d + 1) * rows + i] : A{});
    }
  }
  return sum;
}

// Where a value [directions, batch, hidden], or [batch, directions, hidden], has its rows.
inline int64_t state_row(const RecurrentAttributes& attributes, const RecurrentSizes& sizes, int d,
                         int64_t b) {
  return (attributes.batchwise ? b * attributes.directions + d : d * sizes.batch + b) *
         sizes.hidden;
}

// Steps of a recurrent layer. State: what goes from step to step besides h, [batch, hidden].
//
// Cell: step(direction, gates, row, h, c) advances one sequence, gates [G * hidden] from
// products.input() and h, c [hidden] being its own; before(direction, gates, h, rows) adds what
// depends on all h.
template <typename T, typename Cell>
class RecurrentLayer {
 public:
  using A = Wide<T>;
  RecurrentLayer(Call& call, const RecurrentAttributes& attributes, const RecurrentSizes& sizes,
                 int64_t gates, GateProducts<A>& products, Cell& cell)
      : call_(call),
        attributes_(attributes),
        sizes_(sizes),
        width_(gates * sizes.hidden),
        products_(products),
        cell_(cell) {}

  // initial_c: the input that c starts from; outputs Y 0, Y_h 1 and, if has_c, Y_c 2.
  Status run(bool has_c) {
    RETURN_IF_ERROR(allocate(has_c));
    for (int d = 0; d < attributes_.directions; ++d) {
      RETURN_IF_ERROR(load(5, d, h_));
      if (has_c) RETURN_IF_ERROR(load(6, d, c_));
      RETURN_IF_ERROR(walk(d));
      store(d, h_, y_h_);
      if (has_c) store(d, c_, y_c_);
    }
    return {};
  }

 private:
  Status allocate(bool has_c) {
    const int64_t n = attributes_.directions;
    const auto [steps, batch, input, hidden] = sizes_;
    if (call_.has(4)) lengths_ = call_.input(4).template as<int32_t>().data();
    if (call_.wants(0)) {
      const std::array<int64_t, 4> dims = attributes_.batchwise
                                              ? std::array<int64_t, 4>{batch, steps, n, hidden}
                                              : std::array<int64_t, 4>{steps, n, batch, hidden};
      ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
      ASSIGN_OR_RETURN(y_, call_.template output<T>(0, shape));
      if (lengths_ != nullptr) std::fill(y_, y_ + shape.count(), T{});
    }
    const std::array<int64_t, 3> dims = attributes_.batchwise
                                            ? std::array<int64_t, 3>{batch, n, hidden}
                                            : std::array<int64_t, 3>{n, batch, hidden};
    ASSIGN_OR_RETURN(const Shape state, Shape::create(dims));
    if (call_.wants(1)) {
      ASSIGN_OR_RETURN(y_h_, call_.template output<T>(1, state));
    }
    if (has_c && call_.wants(2)) {
      ASSIGN_OR_RETURN(y_c_, call_.template output<T>(2, state));
    }
    ASSIGN_OR_RETURN(h_, call_.template scratch_of<A>(batch * hidden));
    if (has_c) {
      ASSIGN_OR_RETURN(c_, call_.template scratch_of<A>(batch * hidden));
    }
    ASSIGN_OR_RETURN(gates_, call_.template scratch_of<A>(batch * width_));
    return {};
  }

  Status load(size_t input, int d, A* state) {
    if (!call_.has(input)) {
      std::fill(state, state + sizes_.batch * sizes_.hidden, A{});
      return {};
    }
    RETURN_IF_ERROR(check_dtype(call_, input, dtype_of<T>()));
    const T* src = call_.input(input).template as<T>().data();
    for (int64_t b = 0; b < sizes_.batch; ++b) {
      const T* row = src + state_row(attributes_, sizes_, d, b);
      std::copy_n(row, sizes_.hidden, state + b * sizes_.hidden);
    }
    return {};
  }

  void store(int d, const A* state, T* dst) {
    if (dst == nullptr) return;
    for (int64_t b = 0; b < sizes_.batch; ++b) {
      write_row(state + b * sizes_.hidden, dst + state_row(attributes_, sizes_, d, b));
    }
  }

  void write_row(const A* src, T* dst) {
    for (int64_t i = 0; i < sizes_.hidden; ++i) dst[i] = static_cast<T>(src[i]);
  }

  Status walk(int d) {
    for (int64_t s = 0; s < sizes_.steps; ++s) {
      if (s % 64 == 0) RETURN_IF_ERROR(call_.check_cancelled());
      bool any = false;
      for (int64_t b = 0; b < sizes_.batch; ++b) {
        const bool active = s < length(b);
        any |= active;
        if (active) {
          products_.input(d, time(d, s, b), b, gates_ + b * width_);
        } else {
          std::fill_n(gates_ + b * width_, width_, A{});
        }
      }
      if (!any) return {};
      cell_.before(d, gates_, h_, sizes_.batch);
      for (int64_t b = 0; b < sizes_.batch; ++b) {
        if (s >= length(b)) continue;
        A* h = h_ + b * sizes_.hidden;
        cell_.step(d, gates_ + b * width_, h, c_ == nullptr ? nullptr : c_ + b * sizes_.hidden);
        if (y_ != nullptr) write_row(h, y_ + y_row(d, time(d, s, b), b));
      }
    }
    return {};
  }

  int64_t length(int64_t b) const { return lengths_ == nullptr ? sizes_.steps : lengths_[b]; }
  int64_t time(int d, int64_t s, int64_t b) const {
    return attributes_.backwards(d) ? length(b) - 1 - s : s;
  }
  int64_t y_row(int d, int64_t t, int64_t b) const {
    const int64_t n = attributes_.directions;
    return (attributes_.batchwise ? (b * sizes_.steps + t) * n + d
                                  : (t * n + d) * sizes_.batch + b) *
           sizes_.hidden;
  }

  Call& call_;
  const RecurrentAttributes& attributes_;
  RecurrentSizes sizes_;
  int64_t width_;
  GateProducts<A>& products_;
  Cell& cell_;
  const int32_t* lengths_ = nullptr;
  T *y_ = nullptr, *y_h_ = nullptr, *y_c_ = nullptr;
  A *h_ = nullptr, *c_ = nullptr, *gates_ = nullptr;
};

}  // namespace escuta::ops
