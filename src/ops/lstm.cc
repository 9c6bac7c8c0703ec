// LSTM (ai.onnx 1, 7, 14, 22).
#include "ops/lstm_cell.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) { infer_recurrent(node, true); }

class Lstm final : public Kernel {
 public:
  explicit Lstm(const NodeInfo& node)
      : attributes_(node, kLstmDefaults), input_forget_(node.integer("input_forget", 0) != 0) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const RecurrentSizes sizes, recurrent_sizes(call, attributes_, 4, true));
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      using A = Wide<T>;
      const int64_t rows = 4 * sizes.hidden;
      ASSIGN_OR_RETURN(const A* x, wide_input<T>(call, 0));
      ASSIGN_OR_RETURN(const A* w, wide_input<T>(call, 1));
      ASSIGN_OR_RETURN(const A* r, wide_input<T>(call, 2));
      ASSIGN_OR_RETURN(const A* b, wide_input<T>(call, 3));
      ASSIGN_OR_RETURN(const A* peepholes, wide_input<T>(call, 7));
      ASSIGN_OR_RETURN(const A* bias, summed_bias(call, b, attributes_.directions, rows, rows));
      FloatProducts<A> products(attributes_, sizes, 4, x, w, r, bias);
      LstmCell<A> cell{attributes_, sizes.hidden, input_forget_, products, peepholes};
      return RecurrentLayer<T, LstmCell<A>>(call, attributes_, sizes, 4, products, cell).run(true);
    });
  }

 private:
  RecurrentAttributes attributes_;
  bool input_forget_;
};

}  // namespace

extern const Operator kLSTM = {.domain = "",
                               .name = "LSTM",
                               .versions = {1, 7, 14, 22},
                               .inputs = {3, 8},
                               .outputs = {0, 3},
                               .infer = infer,
                               .create = make<Lstm>,
                               .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
