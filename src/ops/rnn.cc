// RNN (ai.onnx 1, 7, 14, 22): h = f(W x + R h + bias).
#include "ops/recurrent.h"

namespace escuta::ops {
namespace {

constexpr Activation::Kind kDefaults[] = {Activation::Kind::kTanh};

void infer(Inference& node) { infer_recurrent(node, false); }

template <typename A>
struct Cell {
  const RecurrentAttributes& attributes;
  int64_t hidden;
  GateProducts<A>& products;

  void before(int d, A* gates, const A* h, int64_t rows) {
    products.recur(d, 0, hidden, h, rows, gates, hidden);
  }
  void step(int d, A* gates, A* h, A*) {
    attributes.apply_clip(gates, hidden);
    attributes.activations_of(d)->apply(gates, hidden);
    std::copy_n(gates, hidden, h);
  }
};

class Rnn final : public Kernel {
 public:
  explicit Rnn(const NodeInfo& node) : attributes_(node, kDefaults) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const RecurrentSizes sizes, recurrent_sizes(call, attributes_, 1, false));
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      using A = Wide<T>;
      ASSIGN_OR_RETURN(const A* x, wide_input<T>(call, 0));
      ASSIGN_OR_RETURN(const A* w, wide_input<T>(call, 1));
      ASSIGN_OR_RETURN(const A* r, wide_input<T>(call, 2));
      ASSIGN_OR_RETURN(const A* b, wide_input<T>(call, 3));
      ASSIGN_OR_RETURN(const A* bias,
                       summed_bias(call, b, attributes_.directions, sizes.hidden, sizes.hidden));
      FloatProducts<A> products(attributes_, sizes, 1, x, w, r, bias);
      Cell<A> cell{attributes_, sizes.hidden, products};
      return RecurrentLayer<T, Cell<A>>(call, attributes_, sizes, 1, products, cell).run(false);
    });
  }

 private:
  RecurrentAttributes attributes_;
};

}  // namespace

extern const Operator kRNN = {.domain = "",
                              .name = "RNN",
                              .versions = {1, 7, 14, 22},
                              .inputs = {3, 6},
                              .outputs = {0, 2},
                              .infer = infer,
                              .create = make<Rnn>,
                              .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
