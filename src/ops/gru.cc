// GRU (ai.onnx 1, 3, 7, 14, 22).
#include "ops/gru_cell.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) { infer_recurrent(node, false); }

class Gru final : public Kernel {
 public:
  explicit Gru(const NodeInfo& node)
      : attributes_(node, kGruDefaults),
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
      GruCell<A> cell{.attributes = attributes_,
                      .hidden = hidden,
                      .linear_before_reset = linear_before_reset_,
                      .products = products,
                      .reset_bias = b == nullptr ? nullptr : b + 5 * hidden,
                      .reset_step = 6 * hidden,
                      .reset = reset};
      return RecurrentLayer<T, GruCell<A>>(call, attributes_, sizes, 3, products, cell).run(false);
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
