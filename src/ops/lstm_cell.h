// One step of an LSTM, gates in the order i, o, f, c (ONNX specification, LSTM):
//   i = f(.. + Pi c), f = f(.. + Pf c), n = g(..), c' = f c + i n, o = f(.. + Po c'), h' = o h(c').
// `clip` bounds the inputs of f and g, not the cell, as ONNX Runtime has it.
#pragma once

#include "ops/recurrent.h"

namespace escuta::ops {

inline constexpr Activation::Kind kLstmDefaults[] = {
    Activation::Kind::kSigmoid, Activation::Kind::kTanh, Activation::Kind::kTanh};

template <typename A>
struct LstmCell {
  const RecurrentAttributes& attributes;
  int64_t hidden;
  bool input_forget;  // the forget gate is 1 - i
  GateProducts<A>& products;
  const A* peepholes;  // [directions, 3 (i, o, f), hidden] or nullptr

  void before(int d, A* gates, const A* h, int64_t rows) {
    products.recur(d, 0, 4 * hidden, h, rows, gates, 4 * hidden);
  }

  void step(int d, A* gates, A* h, A* c) {
    const Activation* functions = attributes.activations_of(d);
    const A* p = peepholes == nullptr ? nullptr : peepholes + d * 3 * hidden;
    A* i = gates;
    A* o = gates + hidden;
    A* f = gates + 2 * hidden;
    A* n = gates + 3 * hidden;
    if (p != nullptr) {
      add_peephole(p, c, i);
      add_peephole(p + 2 * hidden, c, f);
    }
    activate(functions[0], i);
    if (input_forget) {
      for (int64_t k = 0; k < hidden; ++k) f[k] = 1 - i[k];
    } else {
      activate(functions[0], f);
    }
    activate(functions[1], n);
    for (int64_t k = 0; k < hidden; ++k) c[k] = f[k] * c[k] + i[k] * n[k];
    if (p != nullptr) add_peephole(p + hidden, c, o);
    activate(functions[0], o);
    std::copy_n(c, hidden, n);
    products.apply(functions[2], n, hidden);
    for (int64_t k = 0; k < hidden; ++k) h[k] = o[k] * n[k];
  }

  void add_peephole(const A* weights, const A* c, A* gate) const {
    for (int64_t k = 0; k < hidden; ++k) gate[k] += weights[k] * c[k];
  }
  void activate(const Activation& function, A* gate) const {
    attributes.apply_clip(gate, hidden);
    products.apply(function, gate, hidden);
  }
};

}  // namespace escuta::ops
