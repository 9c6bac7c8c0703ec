// DynamicQuantizeLSTM with constant weights, packed once, over kernels/gemm_int8.
#include "ops/lstm_cell.h"
#include "providers/cpu/blocked_products.h"
#include "providers/cpu/quantize.h"
#include "providers/cpu/quantized.h"

namespace escuta::cpu {
namespace {

// Weights [directions, depth, width], each direction packed; a scale and a zero point for each
// direction or for each of its columns.
struct Side {
  std::vector<std::shared_ptr<const Buffer>> packed;
  DType dtype = DType::kUndefined;
  int64_t depth = 0, width = 0;

  static Result<Side> create(const KernelContext& context, const ops::NodeInfo& node, size_t i,
                             int64_t directions) {
    const graph::ConstantPtr& w = node.input(i).constant;
    if (w == nullptr || !is_byte(w->dtype) || w->shape.rank() != 3 || w->shape.count() == 0 ||
        w->shape[0] != directions) {
      return unimplemented("expected input {} to be constant weights of bytes", i);
    }
    Side side{{}, w->dtype, w->shape[1], w->shape[2]};
    for (int64_t d = 0; d < directions; ++d) {
      const auto pack = [&](const std::byte* src, std::byte* dst) {
        kernels::pack_b_int8(src + d * side.depth * side.width, side.width, false,
                             side.dtype == DType::kInt8, side.depth, side.width, dst);
      };
      ASSIGN_OR_RETURN(
          auto packed,
          context.weights->get(context.model, *w, fmt::format("dq_lstm:{}", d),
                               kernels::packed_b_int8_bytes(side.depth, side.width), pack));
      side.packed.push_back(std::move(packed));
    }
    return side;
  }

  kernels::GemmInt8 gemm(int direction, int64_t rows) const {
    kernels::GemmInt8 gemm;
    gemm.m = rows;
    gemm.n = width;
    gemm.k = gemm.lda = depth;
    gemm.packed_b = packed[static_cast<size_t>(direction)]->data();
    return gemm;
  }
};

// The scales and zero points of a side, inputs of the node.
struct Scales {
  const float* scales = nullptr;
  const int32_t* zeros = nullptr;
  bool columns = false;

  static Result<Scales> read(ops::Call& call, const Side& side, size_t scale, size_t zero) {
    const auto directions = static_cast<int64_t>(side.packed.size());
    RETURN_IF_ERROR(ops::check_dtype(call, scale, DType::kFloat));
    Scales result;
    result.columns = call.shape(scale).rank() == 2;
    const int64_t count = directions * (result.columns ? side.width : 1);
    if (call.input(scale).count() != count || !call.has(zero) ||
        call.input(zero).count() != count) {
      return invalid_argument(
          "inputs {} and {}: expected {} scales and zero points, found {} and {}", scale, zero,
          count, call.shape(scale).to_string(), call.shape(zero).to_string());
    }
    result.scales = call.input(scale).as<float>().data();
    ASSIGN_OR_RETURN(result.zeros, widened_bytes(call, zero, side.dtype));
    return result;
  }

  void apply(int direction, int64_t width, kernels::GemmInt8& gemm) const {
    const int64_t at = direction * (columns ? width : 1);
    gemm.b_scale = scales + at;
    gemm.b_zero = zeros + at;
    gemm.b_scale_per_column = gemm.b_zero_per_column = columns;
  }
};

class QuantizedBlocks final : public BlockedProducts {
 public:
  QuantizedBlocks(ops::Call& call, const Side& w, const Side& r, const Scales& w_scales,
                  const Scales& r_scales, const float* bias)
      : call_(call), w_(w), r_(r), w_scales_(w_scales), r_scales_(r_scales), bias_(bias) {}

  // After prepare(). Quantises all of x.
  Status start(const float* x) {
    const int64_t count = sizes_.steps * sizes_.batch * sizes_.input;
    x_quantizer_ = quantizer_of(call_, x, count);
    ASSIGN_OR_RETURN(x_, call_.scratch_of<uint8_t>(count));
    quantize_bytes(call_, x, count, x_quantizer_.scale, x_quantizer_.zero, DType::kUint8,
                   reinterpret_cast<std::byte*>(x_));
    ASSIGN_OR_RETURN(h_, call_.scratch_of<uint8_t>(sizes_.batch * sizes_.hidden));
    ASSIGN_OR_RETURN(sums_, call_.scratch_of<float>(sizes_.batch * width_));
    size_t bytes = 0;
    const auto room = [&](const Side& side, int64_t rows) {
      bytes =
          std::max(bytes, kernels::gemm_int8_scratch_bytes(side.gemm(0, rows), call_.threads()));
    };
    for (const int64_t rows : row_counts()) room(w_, rows);
    room(r_, sizes_.batch);
    ASSIGN_OR_RETURN(scratch_, call_.scratch(bytes));
    return {};
  }

  // An LSTM asks for all gates of all sequences at once.
  void recur(int direction, int64_t, int64_t, const float* h, int64_t rows, float* out,
             int64_t out_row) override {
    const int64_t count = rows * sizes_.hidden;
    const ops::Quantizer quantizer = quantizer_of(call_, h, count);
    quantize_bytes(call_, h, count, quantizer.scale, quantizer.zero, DType::kUint8,
                   reinterpret_cast<std::byte*>(h_));
    kernels::GemmInt8 gemm = r_.gemm(direction, rows);
    gemm.a = h_;
    gemm.a_zero = &quantizer.zero;
    gemm.a_scale = &quantizer.scale;
    r_scales_.apply(direction, width_, gemm);
    gemm.c_f32 = sums_;
    gemm.ldc = width_;
    kernels::run_gemm_int8(gemm, scratch_, call_.threads());
    for (int64_t row = 0; row < rows; ++row) {
      kernels::kernels().vector.binary(kernels::BinaryOp::kAdd, out + row * out_row, 1,
                                       sums_ + row * width_, 1, out + row * out_row, width_);
    }
  }

 protected:
  void multiply_input(int direction, int64_t at, int64_t stride, int64_t rows,
                      float* dst) override {
    kernels::GemmInt8 gemm = w_.gemm(direction, rows);
    gemm.a = x_ + at;
    gemm.lda = stride;
    gemm.a_zero = &x_quantizer_.zero;
    gemm.a_scale = &x_quantizer_.scale;
    w_scales_.apply(direction, width_, gemm);
    if (bias_ != nullptr) gemm.bias = bias_ + direction * width_;
    gemm.c_f32 = dst;
    gemm.ldc = width_;
    kernels::run_gemm_int8(gemm, scratch_, call_.threads());
  }

 private:
  ops::Call& call_;
  const Side &w_, &r_;
  const Scales &w_scales_, &r_scales_;
  const float* bias_;
  ops::Quantizer x_quantizer_;
  uint8_t *x_ = nullptr, *h_ = nullptr;
  float* sums_ = nullptr;
  std::byte* scratch_ = nullptr;
};

class DynamicQuantizeLstm final : public ops::Kernel {
 public:
  explicit DynamicQuantizeLstm(const ops::NodeInfo& node)
      : attributes_(node, ops::kLstmDefaults),
        input_forget_(node.integer("input_forget", 0) != 0) {}

  Status keep(const KernelContext& context, const ops::NodeInfo& node) {
    ASSIGN_OR_RETURN(w_, Side::create(context, node, 1, attributes_.directions));
    ASSIGN_OR_RETURN(r_, Side::create(context, node, 2, attributes_.directions));
    return {};
  }

  Status run(ops::Call& call) const override {
    RETURN_IF_ERROR(ops::check_dtype(call, 0, DType::kFloat));
    ASSIGN_OR_RETURN(const ops::RecurrentSizes sizes,
                     ops::recurrent_sizes(call, attributes_, 4, true, true));
    ASSIGN_OR_RETURN(const Scales w, Scales::read(call, w_, 8, 9));
    ASSIGN_OR_RETURN(const Scales r, Scales::read(call, r_, 10, 11));
    const int64_t width = 4 * sizes.hidden;
    ASSIGN_OR_RETURN(const float* b, ops::wide_input<float>(call, 3));
    ASSIGN_OR_RETURN(const float* peepholes, ops::wide_input<float>(call, 7));
    ASSIGN_OR_RETURN(const float* bias,
                     ops::summed_bias(call, b, attributes_.directions, width, width));
    QuantizedBlocks products(call, w_, r_, w, r, bias);
    RETURN_IF_ERROR(products.prepare(call, attributes_, sizes, 4));
    RETURN_IF_ERROR(products.start(call.input(0).as<float>().data()));
    ops::LstmCell<float> cell{attributes_, sizes.hidden, input_forget_, products, peepholes};
    return ops::RecurrentLayer<float, ops::LstmCell<float>>(call, attributes_, sizes, 4, products,
                                                            cell)
        .run(true);
  }

 private:
  ops::RecurrentAttributes attributes_;
  bool input_forget_;
  Side w_, r_;
};

}  // namespace

Result<engine::ChosenKernel> dynamic_quantize_lstm(const KernelContext& context,
                                                   const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_dtype(node, 0, DType::kFloat));
  if (node.integer("layout", 0) != 0) return unimplemented("the attribute `layout`");
  auto kernel = std::make_unique<DynamicQuantizeLstm>(node);
  RETURN_IF_ERROR(node.status());
  RETURN_IF_ERROR(kernel->keep(context, node));
  engine::ChosenKernel chosen;  // weights are still given: their shapes are checked
  chosen.kernel = std::move(kernel);
  return chosen;
}

}  // namespace escuta::cpu
