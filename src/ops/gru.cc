// GRU (ai.onnx 1, 3, 7, 14, 22), gates in the order z, r, h:
//   z = f(Wz x + Rz h + bias), r = f(Wr x + Rr h + bias),
//   n = g(Wh x + Rh (r h) + bias), or with linear_before_reset g(Wh x + Wbh + r (Rh h + Rbh)),
//   h' = (1 - z) n + z h.
#include "ops/recurrent.h"

namespace escuta::ops {
namespace {

constexpr Activation::Kind kDefaults[] = {Activation::Kind::kSigmoid, Activation::Kind::kTanh};

void infer(Inference& node) { infer_recurrent(node, false); }

template <typename A>
struct Cell {
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
    f[0].apply(z, 2 * hidden);
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
    f[1].apply(n, hidden);
    for (int64_t i = 0; i < hidden; ++i) h[i] = (1 - z[i]) * n[i] + z[i] * h[i];
  }
};

class Gru final : public Kernel {
 public:
  explicit Gru(const NodeInfo& node)
      : attributes_(node, kDefaults),
        linear_before_reset_(node.integer("linear_before_reset", 0) != 0) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const RecurrentSizes sizes, recurrent_sizes(call, attributes_, 3, false));
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      using A = Wide<T>;
      const int64_t hidden = sizes.hidden;
      ASSIGN_OR_RETURN(const A* x, wide_input<T>(call, 0));
      ASSIGN_OR_RETURN(const A* w, wide_input<T>(call, 1));
      ASSIGN_OR_RETURN(const A* r, wide_input<T>(call, 2));
      ASSIGN_OR_RETURN(const A* b, wide_input<T>(call, 3));
      ASSIGN_OR_RETURN(const A* bias, summed_bias(call, b, attributes_.directions, 3 * hidden,
                                                  (linear_before_reset_ ? 2 : 3) * hidden));
      ASSIGN_OR_RETURN(A * reset, call.scratch_of<A>(hidden));
      FloatProducts<A> products(attributes_, sizes, 3, x, w, r, bias);
      Cell<A> cell{.attributes = attributes_,
                   .hidden = hidden,
                   .linear_before_reset = linear_before_reset_,
                   .products = products,
                   .reset_bias = b == nullptr ? nullptr : b + 5 * hidden,
                   .reset_step = 6 * hidden,
                   .reset = reset};
      return RecurrentLayer<T, Cell<A>>(call, attributes_, sizes, 3, products, cell).run(false);
    });
  }

 private:
  RecurrentAttributes attributes_;
  bool linear_before_reset_;
};

}  // namespace

extern const Operator kGRU = {.domain = "",
                              .name = "GRU",
                              .versions = {1, 3, 7, 14, 22},
                              .inputs = {3, 6},
                              .outputs = {0, 2},
                              .infer = infer,
                              .create = make<Gru>,
                              .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
