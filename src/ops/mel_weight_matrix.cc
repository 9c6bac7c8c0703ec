// MelWeightMatrix (ai.onnx 17): triangles of height 1 on the mel scale, 2595 log10(1 + f / 700), as
// a matrix [dft_length / 2 + 1, num_mel_bins].
#include <cmath>

#include "ops/arguments.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  Dims dims(2);
  const auto bands = node.constant_ints(0);
  const auto length = node.constant_ints(1);
  if (length && length->size() == 1 && length->front() >= 0) dims[0] = Dim(length->front() / 2 + 1);
  if (bands && bands->size() == 1 && bands->front() >= 0) dims[1] = Dim(bands->front());
  node.set(0, node.dtype_attribute("output_datatype", DType::kFloat), std::move(dims));
}

// The only element of input i, of any float type.
Result<double> read_number(const Call& call, size_t i, std::string_view what) {
  double value = 0;
  RETURN_IF_ERROR(dispatch(Floats{}, call.dtype(i), [&](auto tag) -> Status {
    if (call.input(i).count() != 1) {
      return invalid_argument("{}: expected one number, found shape {}", what,
                              call.shape(i).to_string());
    }
    value = static_cast<double>(call.input(i).as<decltype(tag)>()[0]);
    return {};
  }));
  return value;
}

double to_mel(double hertz) { return 2595 * std::log10(1 + hertz / 700); }
double to_hertz(double mel) { return 700 * (std::pow(10, mel / 2595) - 1); }

struct Bands {
  int64_t count, bins;
  double length, rate, low, step;  // low, step: in mel

  // The bin at which band i begins; its peak is that of i + 1, its end that of i + 2.
  Result<int64_t> edge(int64_t i) const {
    const double bin =
        std::floor((length + 1) * to_hertz(low + static_cast<double>(i) * step) / rate);
    if (bin >= 0 && bin < static_cast<double>(bins)) return static_cast<int64_t>(bin);
    return invalid_argument(
        "expected band edges within {} bins, found bin {}: is the upper edge "
        "above half of the sample rate?",
        bins, bin);
  }
};

class MelWeightMatrix final : public Kernel {
 public:
  explicit MelWeightMatrix(const NodeInfo& node)
      : dtype_(node.dtype_attribute("output_datatype", DType::kFloat)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const int64_t count, read_int(call, 0, "num_mel_bins"));
    ASSIGN_OR_RETURN(const int64_t length, read_int(call, 1, "dft_length"));
    ASSIGN_OR_RETURN(const int64_t rate, read_int(call, 2, "sample_rate"));
    ASSIGN_OR_RETURN(const double low, read_number(call, 3, "lower_edge_hertz"));
    ASSIGN_OR_RETURN(const double high, read_number(call, 4, "upper_edge_hertz"));
    constexpr int64_t kMax = int64_t{1} << 32;
    if (count < 0 || count > kMax || length < 0 || length > kMax || rate < 1) {
      return invalid_argument(
          "expected num_mel_bins and dft_length from 0 to {} and a positive sample_rate, found {}, "
          "{} and {}",
          kMax, count, length, rate);
    }
    const Bands bands{.count = count,
                      .bins = length / 2 + 1,
                      .length = static_cast<double>(length),
                      .rate = static_cast<double>(rate),
                      .low = to_mel(low),
                      .step = (to_mel(high) - to_mel(low)) / static_cast<double>(count + 2)};
    const std::array<int64_t, 2> dims = {bands.bins, count};
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
    return dispatch(Numbers{}, dtype_, [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
      std::fill(dst, dst + shape.count(), T{});
      return fill(bands, dst);
    });
  }

 private:
  template <typename T>
  static Status fill(const Bands& bands, T* dst) {
    for (int64_t i = 0; i < bands.count; ++i) {
      ASSIGN_OR_RETURN(const int64_t begin, bands.edge(i));
      ASSIGN_OR_RETURN(const int64_t peak, bands.edge(i + 1));
      ASSIGN_OR_RETURN(const int64_t end, bands.edge(i + 2));
      const auto put = [&](int64_t bin, double value) {
        dst[bin * bands.count + i] = static_cast<T>(static_cast<Wide<T>>(value));
      };
      if (peak == begin) put(peak, 1);
      for (int64_t bin = begin; bin <= peak && begin < peak; ++bin) {
        put(bin, static_cast<double>(bin - begin) / static_cast<double>(peak - begin));
      }
      for (int64_t bin = peak; bin < end; ++bin) {
        put(bin, static_cast<double>(end - bin) / static_cast<double>(end - peak));
      }
    }
    return {};
  }

  DType dtype_;
};

}  // namespace

extern const Operator kMelWeightMatrix = {.domain = "",
                                          .name = "MelWeightMatrix",
                                          .versions = {17},
                                          .inputs = {5, 5},
                                          .infer = infer,
                                          .create = make<MelWeightMatrix>,
                                          .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
