// One step of a GRU, gates in the order z, r, h (ONNX specification, GRU):
//   z = f(Wz x + Rz h + bias), r = f(Wr x + Rr h + bias),
//   n = g(Wh x + Rh (r h) + bias), or with linear_before_reset g(Wh x + Wbh + r (Rh h + Rbh)),
//   h' = (1 - z) n + z h.
#pragma once

#include "ops/recurrent.h"

namespace escuta::ops {

inline constexpr Activation::Kind kGruDefaults[] = {Activation::Kind::kSigmoid,
                                                    Activation::Kind::kTanh};

template <typename A>
struct GruCell {
  const RecurrentAttributes& attributes;
  int64_t hidden;
  bool linear_before_reset;
  GateProducts<A>& products;
  const A* reset_bias;  // Rbh at [direction * reset_step], or nullptr
  int64_t reset_step;
  A* reset;  // [hidden]

  void before(int d, A* gates, const A* h, int64_t rows) {
    products.recur(d, 0, 2 * hidden, h, rows, gates, 3 * hidden);
  }
  void step(int d, A* gates, A* h, A*) {
    const Activation* f = attributes.activations_of(d);
    A* z = gates;
    A* r = gates + hidden;
    A* n = gates + 2 * hidden;
    attributes.apply_clip(z, 2 * hidden);
    products.apply(f[0], z, 2 * hidden);
    if (linear_before_reset) {
      if (reset_bias == nullptr) {
        std::fill_n(reset, hidden, A{});
      } else {
        std::copy_n(reset_bias + d * reset_step, hidden, reset);
      }
      products.recur(d, 2 * hidden, hidden, h, 1, reset, hidden);
      for (int64_t i = 0; i < hidden; ++i) n[i] += r[i] * reset[i];
    } else {
      for (int64_t i = 0; i < hidden; ++i) reset[i] = r[i] * h[i];
      products.recur(d, 2 * hidden, hidden, reset, 1, n, hidden);
    }
    attributes.apply_clip(n, hidden);
    products.apply(f[1], n, hidden);
    for (int64_t i = 0; i < hidden; ++i) h[i] = (1 - z[i]) * n[i] + z[i] * h[i];
  }
};

}  // namespace escuta::ops
