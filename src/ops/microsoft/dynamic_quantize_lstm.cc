// DynamicQuantizeLSTM (com.microsoft 1): an LSTM of 8-bit weights, X and h being quantised to uint8
// by the range that they have: all of X once, h of all sequences at each step.
#include "ops/byte_quantization.h"
#include "ops/lstm_cell.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum : size_t { kX, kW, kR, kB, kWScale = 8, kWZero, kRScale, kRZero };

void infer(Inference& node) { infer_recurrent(node, true, 1); }

// As DynamicQuantizeLinear (ai.onnx 11) has them: the range includes 0.
Quantizer quantizer_of(const float* x, int64_t count) {
  float low = 0, high = 0;
  for (int64_t i = 0; i < count; ++i) {
    low = x[i] < low ? x[i] : low;
    high = x[i] > high ? x[i] : high;
  }
  const float scale = low == high ? 1 : (high - low) / 255;
  return {scale, saturate<uint8_t>(-low / scale, 0)};
}

// Weights [directions, depth, width], a scale and a zero point for each direction or for each of
// its columns.
struct Weights {
  const std::byte* data = nullptr;
  DType dtype = DType::kUndefined;
  const float* scales = nullptr;
  const std::byte* zeros = nullptr;
  int64_t direction_step = 0, column_step = 0;  // of scales and zeros
  int64_t depth = 0, width = 0;

  static Result<Weights> create(const Call& call, size_t w, size_t scale, size_t zero) {
    const Shape& shape = call.shape(w);
    for (const size_t i : {scale, zero}) {
      RETURN_IF_ERROR(check_dtype(call, i, i == scale ? DType::kFloat : call.dtype(w)));
      const Shape& found = call.shape(i);
      const bool fits = (found.rank() == 1 || (found.rank() == 2 && found[1] == shape[2])) &&
                        found[0] == shape[0];
      if (!fits || found.rank() != call.shape(scale).rank()) {
        return invalid_argument("input {}: expected shape [{}] or [{}, {}], found {}", i, shape[0],
                                shape[0], shape[2], found.to_string());
      }
    }
    const bool columns = call.shape(scale).rank() == 2;
    return Weights{.data = call.input(w).bytes(),
                   .dtype = call.dtype(w),
                   .scales = call.input(scale).as<float>().data(),
                   .zeros = call.input(zero).bytes(),
                   .direction_step = columns ? shape[2] : 1,
                   .column_step = columns ? 1 : 0,
                   .depth = shape[1],
                   .width = shape[2]};
  }

  // out[j] += sum over k of x[k] w[k, j], x [depth] quantised as `quantizer` says. sums [width].
  template <typename T>
  void add_product(int direction, const float* x, const Quantizer& quantizer, uint32_t* sums,
                   float* out) const {
    const auto* rows = reinterpret_cast<const T*>(data) + direction * depth * width;
    const auto* zero = reinterpret_cast<const T*>(zeros) + direction * direction_step;
    const float* scale = scales + direction * direction_step;
    std::fill_n(sums, width, 0);
    uint32_t total = 0;
    for (int64_t k = 0; k < depth; ++k) {
      const auto value = static_cast<uint32_t>(
          saturate<uint8_t>(x[k] / quantizer.scale, quantizer.zero) - quantizer.zero);
      total += value;
      const T* row = rows + k * width;
      for (int64_t j = 0; j < width; ++j) sums[j] += value * static_cast<uint32_t>(row[j]);
    }
    for (int64_t j = 0; j < width; ++j) {
      const uint32_t sum = sums[j] - total * static_cast<uint32_t>(zero[j * column_step]);
      out[j] += static_cast<float>(static_cast<int32_t>(sum)) *
                (quantizer.scale * scale[j * column_step]);
    }
  }
};

template <typename T>
class QuantizedProducts final : public GateProducts<float> {
 public:
  // x [steps, batch, input]; bias [directions, 4 * hidden] or nullptr; sums [4 * hidden].
  QuantizedProducts(const RecurrentSizes& sizes, const float* x, const Weights& w, const Weights& r,
                    const float* bias, uint32_t* sums)
      : sizes_(sizes),
        x_(x),
        w_(w),
        r_(r),
        bias_(bias),
        sums_(sums),
        x_quantizer_(quantizer_of(x, sizes.steps * sizes.batch * sizes.input)) {}

  void input(int direction, int64_t t, int64_t b, float* gates) override {
    if (bias_ == nullptr) {
      std::fill_n(gates, w_.width, 0.0F);
    } else {
      std::copy_n(bias_ + direction * w_.width, w_.width, gates);
    }
    w_.add_product<T>(direction, x_ + (t * sizes_.batch + b) * sizes_.input, x_quantizer_, sums_,
                      gates);
  }

  // An LSTM asks for all gates at once.
  void recur(int direction, int64_t, int64_t, const float* h, int64_t rows, float* out,
             int64_t out_row) override {
    const Quantizer quantizer = quantizer_of(h, rows * sizes_.hidden);
    for (int64_t row = 0; row < rows; ++row) {
      r_.add_product<T>(direction, h + row * sizes_.hidden, quantizer, sums_, out + row * out_row);
    }
  }

 private:
  RecurrentSizes sizes_;
  const float* x_;
  Weights w_, r_;
  const float* bias_;
  uint32_t* sums_;
  Quantizer x_quantizer_;
};

class DynamicQuantizeLstm final : public Kernel {
 public:
  explicit DynamicQuantizeLstm(const NodeInfo& node)
      : attributes_(node, kLstmDefaults), input_forget_(node.integer("input_forget", 0) != 0) {
    if (attributes_.batchwise) {
      node.fail(invalid_argument("expected no attribute `layout`, found 1"));
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_dtype(call, kX, DType::kFloat));
    RETURN_IF_ERROR(check_dtype(call, kR, call.dtype(kW)));
    ASSIGN_OR_RETURN(const RecurrentSizes sizes, recurrent_sizes(call, attributes_, 4, true, true));
    ASSIGN_OR_RETURN(const Weights w, Weights::create(call, kW, kWScale, kWZero));
    ASSIGN_OR_RETURN(const Weights r, Weights::create(call, kR, kRScale, kRZero));
    const int64_t width = 4 * sizes.hidden;
    ASSIGN_OR_RETURN(const float* b, wide_input<float>(call, kB));
    ASSIGN_OR_RETURN(const float* peepholes, wide_input<float>(call, 7));
    ASSIGN_OR_RETURN(const float* bias, summed_bias(call, b, attributes_.directions, width, width));
    ASSIGN_OR_RETURN(uint32_t * sums, call.scratch_of<uint32_t>(width));
    const float* x = call.input(kX).as<float>().data();
    return dispatch(Bytes{}, call.dtype(kW), [&](auto tag) -> Status {
      QuantizedProducts<decltype(tag)> products(sizes, x, w, r, bias, sums);
      LstmCell<float> cell{attributes_, sizes.hidden, input_forget_, products, peepholes};
      return RecurrentLayer<float, LstmCell<float>>(call, attributes_, sizes, 4, products, cell)
          .run(true);
    });
  }

 private:
  RecurrentAttributes attributes_;
  bool input_forget_;
};

}  // namespace

extern const Operator kMsDynamicQuantizeLSTM = {.domain = "com.microsoft",
                                                .name = "DynamicQuantizeLSTM",
                                                .versions = {1},
                                                .inputs = {3, 12},
                                                .outputs = {0, 3},
                                                .infer = infer,
                                                .create = make<DynamicQuantizeLstm>,
                                                .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
