// Irfft (com.microsoft 1): the real signals, of an even length in the last dimension, whose Rfft is
// given.
#include "ops/dispatch.h"
#include "ops/microsoft/inputs.h"
#include "ops/microsoft/real_fft.h"

namespace escuta::ops {
namespace {

class Irfft final : public Kernel {
 public:
  explicit Irfft(const NodeInfo& node) : signal_dims_(read_signal_dims(node)) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 1));
    const Shape& shape = call.shape(0);
    const int rank = shape.rank() - 1;  // of the signals
    if (rank < signal_dims_ || shape[rank] != 2 || shape[rank - 1] < 2) {
      return invalid_argument("expected transforms of {} dimensions and two parts, found {}",
                              signal_dims_, shape.to_string());
    }
    const int64_t kept = shape[rank - 1], n = 2 * (kept - 1);
    std::array<int64_t, kMaxRank> dims{};
    std::copy_n(shape.dims().begin(), rank, dims.begin());
    dims[static_cast<size_t>(rank - 1)] = n;
    ASSIGN_OR_RETURN(const Shape result, Shape::create({dims.data(), static_cast<size_t>(rank)}));
    return dispatch(Types<float, double, Float16>{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, result));
      if (result.count() == 0) return {};
      const T* src = call.input(0).as<T>().data();
      const int64_t halves = shape.count() / 2;
      ASSIGN_OR_RETURN(auto* half, call.scratch_of<Fft::Complex>(halves));
      for (int64_t i = 0; i < halves; ++i) half[i] = {double(src[2 * i]), double(src[2 * i + 1])};
      int64_t inner = kept;
      for (int i = rank - 2; i >= rank - signal_dims_; --i) {
        RETURN_IF_ERROR(
            transform_axis(call, half, halves / inner / shape[i], shape[i], inner, true));
        inner *= shape[i];
      }
      ASSIGN_OR_RETURN(Fft fft, Fft::create(call, n));
      for (int64_t line = 0; line < halves / kept; ++line) {
        const Fft::Complex* from = half + line * kept;
        std::copy(from, from + kept, fft.data());
        for (int64_t k = kept; k < n; ++k) fft.data()[k] = std::conj(from[n - k]);
        fft.inverse();
        for (int64_t t = 0; t < n; ++t) {
          *dst++ = static_cast<T>(static_cast<Wide<T>>(fft.data()[t].real()));
        }
      }
      return {};
    });
  }

 private:
  int signal_dims_;
};

void infer(Inference& node) {
  std::optional<Dims> dims = node.shape(0);
  if (dims && dims->size() >= 2) {
    dims->pop_back();
    const int64_t kept = dims->back().value();
    dims->back() = kept >= 2 && kept < kMaxCount ? Dim(2 * (kept - 1)) : Dim();
  } else {
    dims.reset();
  }
  node.set(0, node.dtype(0), std::move(dims));
}

}  // namespace

extern const Operator kMsIrfft = {.domain = "com.microsoft",
                                  .name = "Irfft",
                                  .versions = {1},
                                  .inputs = {1, 1},
                                  .infer = infer,
                                  .create = make<Irfft>,
                                  .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
