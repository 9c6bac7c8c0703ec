// LSTM and GRU in f32 with constant weights, packed once, over kernels/gemm: the inputs of many
// steps are multiplied in one product.
#include "kernels/gemm.h"
#include "ops/gru_cell.h"
#include "ops/lstm_cell.h"
#include "providers/cpu/blocked_products.h"
#include "providers/cpu/kernels.h"

namespace escuta::cpu {
namespace {

// Rows [first, first + count) of W or R of each direction, packed as a right side.
struct Part {
  int64_t first = 0, count = 0, depth = 0;
  std::vector<std::shared_ptr<const Buffer>> packed;

  static Result<Part> create(const KernelContext& context, const graph::Constant& weights,
                             int64_t first, int64_t count) {
    Part part{first, count, weights.shape[2], {}};
    const int64_t rows = weights.shape[1];
    for (int64_t d = 0; d < weights.shape[0]; ++d) {
      const auto pack = [&](const std::byte* src, std::byte* dst) {
        const auto* from = reinterpret_cast<const float*>(src) + (d * rows + first) * part.depth;
        kernels::pack_b(from, part.depth, true, part.depth, count, reinterpret_cast<float*>(dst));
      };
      const std::string form = fmt::format("recurrent:{}:{}:{}", d, first, count);
      ASSIGN_OR_RETURN(auto packed,
                       context.weights->get(context.model, weights, form,
                                            kernels::packed_b_bytes(part.depth, count), pack));
      part.packed.push_back(std::move(packed));
    }
    return part;
  }

  kernels::Gemm gemm(int direction, int64_t rows) const {
    kernels::Gemm gemm;
    gemm.m = rows;
    gemm.n = count;
    gemm.k = gemm.lda = depth;
    gemm.packed_b = reinterpret_cast<const float*>(packed[static_cast<size_t>(direction)]->data());
    return gemm;
  }
};

struct Weights {
  Part input;
  std::vector<Part> recurrent;
};

class FloatBlocks final : public BlockedProducts {
 public:
  FloatBlocks(const Weights& weights, const float* x, const float* bias)
      : weights_(weights), x_(x), bias_(bias) {}

  // After prepare().
  Status take_scratch(ops::Call& call) {
    threads_ = call.threads();
    size_t bytes = 0;
    const auto room = [&](const Part& part, int64_t rows) {
      bytes = std::max(bytes, kernels::gemm_scratch_bytes(part.gemm(0, rows), threads_));
    };
    for (const int64_t rows : row_counts()) room(weights_.input, rows);
    for (const Part& part : weights_.recurrent) {
      for (const int64_t rows : {int64_t{1}, sizes_.batch}) room(part, rows);
    }
    ASSIGN_OR_RETURN(scratch_, call.scratch(bytes));
    return {};
  }

  void recur(int direction, int64_t first, int64_t, const float* h, int64_t rows, float* out,
             int64_t out_row) override {
    const auto part = std::ranges::find(weights_.recurrent, first, &Part::first);
    kernels::Gemm gemm = part->gemm(direction, rows);
    gemm.a = h;
    gemm.c = out;
    gemm.ldc = out_row;
    gemm.beta = 1;
    kernels::run_gemm(gemm, scratch_, threads_);
  }

 protected:
  void multiply_input(int direction, int64_t at, int64_t stride, int64_t rows,
                      float* dst) override {
    kernels::Gemm gemm = weights_.input.gemm(direction, rows);
    gemm.a = x_ + at;
    gemm.lda = stride;
    gemm.c = dst;
    gemm.ldc = width_;
    if (bias_ != nullptr) gemm.bias = bias_ + direction * width_;
    kernels::run_gemm(gemm, scratch_, threads_);
  }

 private:
  const Weights& weights_;
  const float *x_, *bias_;
  std::byte* scratch_ = nullptr;
  int threads_ = 1;
};

// Weights [directions, rows, depth], constant; kUnimplemented for others.
Result<const graph::Constant*> constant_weights(const ops::NodeInfo& node, size_t i,
                                                int64_t directions) {
  const graph::ConstantPtr& weights = node.input(i).constant;
  if (weights == nullptr || weights->dtype != DType::kFloat || weights->shape.rank() != 3 ||
      weights->shape.count() == 0 || weights->shape[0] != directions) {
    return unimplemented("expected input {} to be constant weights of floats", i);
  }
  return weights.get();
}

// Packs W and R, the latter in parts: gates [0, split) and the rest, which may be none.
Result<Weights> pack(const KernelContext& context, const ops::NodeInfo& node, int64_t directions,
                     int64_t gates, int64_t split) {
  ASSIGN_OR_RETURN(const graph::Constant* w, constant_weights(node, 1, directions));
  ASSIGN_OR_RETURN(const graph::Constant* r, constant_weights(node, 2, directions));
  const int64_t hidden = r->shape[2];
  if (w->shape[1] != gates * hidden || r->shape[1] != gates * hidden) {
    return unimplemented("weights that do not fit together");
  }
  Weights weights;
  ASSIGN_OR_RETURN(weights.input, Part::create(context, *w, 0, gates * hidden));
  ASSIGN_OR_RETURN(Part first, Part::create(context, *r, 0, split * hidden));
  weights.recurrent.push_back(std::move(first));
  if (split < gates) {
    ASSIGN_OR_RETURN(Part rest,
                     Part::create(context, *r, split * hidden, (gates - split) * hidden));
    weights.recurrent.push_back(std::move(rest));
  }
  return weights;
}

class Lstm final : public ops::Kernel {
 public:
  explicit Lstm(const ops::NodeInfo& node)
      : attributes_(node, ops::kLstmDefaults),
        input_forget_(node.integer("input_forget", 0) != 0) {}

  Status keep(const KernelContext& context, const ops::NodeInfo& node) {
    ASSIGN_OR_RETURN(weights_, pack(context, node, attributes_.directions, 4, 4));
    return {};
  }

  Status run(ops::Call& call) const override {
    ASSIGN_OR_RETURN(const ops::RecurrentSizes sizes,
                     ops::recurrent_sizes(call, attributes_, 4, true));
    const int64_t rows = 4 * sizes.hidden;
    ASSIGN_OR_RETURN(const float* x, ops::wide_input<float>(call, 0));
    ASSIGN_OR_RETURN(const float* b, ops::wide_input<float>(call, 3));
    ASSIGN_OR_RETURN(const float* peepholes, ops::wide_input<float>(call, 7));
    ASSIGN_OR_RETURN(const float* bias,
                     ops::summed_bias(call, b, attributes_.directions, rows, rows));
    FloatBlocks products(weights_, x, bias);
    RETURN_IF_ERROR(products.prepare(call, attributes_, sizes, 4));
    RETURN_IF_ERROR(products.take_scratch(call));
    ops::LstmCell<float> cell{attributes_, sizes.hidden, input_forget_, products, peepholes};
    return ops::RecurrentLayer<float, ops::LstmCell<float>>(call, attributes_, sizes, 4, products,
                                                            cell)
        .run(true);
  }

 private:
  ops::RecurrentAttributes attributes_;
  bool input_forget_;
  Weights weights_;
};

class Gru final : public ops::Kernel {
 public:
  explicit Gru(const ops::NodeInfo& node)
      : attributes_(node, ops::kGruDefaults),
        linear_before_reset_(node.integer("linear_before_reset", 0) != 0) {}

  Status keep(const KernelContext& context, const ops::NodeInfo& node) {
    ASSIGN_OR_RETURN(weights_, pack(context, node, attributes_.directions, 3, 2));
    return {};
  }

  Status run(ops::Call& call) const override {
    ASSIGN_OR_RETURN(const ops::RecurrentSizes sizes,
                     ops::recurrent_sizes(call, attributes_, 3, false));
    const int64_t hidden = sizes.hidden;
    ASSIGN_OR_RETURN(const float* x, ops::wide_input<float>(call, 0));
    ASSIGN_OR_RETURN(const float* b, ops::wide_input<float>(call, 3));
    ASSIGN_OR_RETURN(const float* bias,
                     ops::summed_bias(call, b, attributes_.directions, 3 * hidden,
                                      (linear_before_reset_ ? 2 : 3) * hidden));
    ASSIGN_OR_RETURN(float* reset, call.scratch_of<float>(hidden));
    FloatBlocks products(weights_, x, bias);
    RETURN_IF_ERROR(products.prepare(call, attributes_, sizes, 3));
    RETURN_IF_ERROR(products.take_scratch(call));
    ops::GruCell<float> cell{.attributes = attributes_,
                             .hidden = hidden,
                             .linear_before_reset = linear_before_reset_,
                             .products = products,
                             .reset_bias = b == nullptr ? nullptr : b + 5 * hidden,
                             .reset_step = 6 * hidden,
                             .reset = reset};
    return ops::RecurrentLayer<float, ops::GruCell<float>>(call, attributes_, sizes, 3, products,
                                                           cell)
        .run(false);
  }

 private:
  ops::RecurrentAttributes attributes_;
  bool linear_before_reset_;
  Weights weights_;
};

template <typename Layer>
Result<engine::ChosenKernel> make(const KernelContext& context, const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_dtype(node, 0, DType::kFloat));
  auto layer = std::make_unique<Layer>(node);
  RETURN_IF_ERROR(node.status());
  RETURN_IF_ERROR(layer->keep(context, node));
  engine::ChosenKernel chosen;  // W and R are still given: their shapes are checked
  chosen.kernel = std::move(layer);
  return chosen;
}

}  // namespace

Result<engine::ChosenKernel> lstm(const KernelContext& context, const ops::NodeInfo& node) {
  return make<Lstm>(context, node);
}

Result<engine::ChosenKernel> gru(const KernelContext& context, const ops::NodeInfo& node) {
  return make<Gru>(context, node);
}

}  // namespace escuta::cpu
