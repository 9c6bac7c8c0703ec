// Rfft (com.microsoft 1): the Fourier transform of real signals, of which the last dimension keeps
// n / 2 + 1 elements.
#include "ops/dispatch.h"
#include "ops/microsoft/inputs.h"
#include "ops/microsoft/real_fft.h"

namespace escuta::ops {
namespace {

class Rfft final : public Kernel {
 public:
  explicit Rfft(const NodeInfo& node) : signal_dims_(read_signal_dims(node)) {}

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 1));
    const Shape& shape = call.shape(0);
    const int rank = shape.rank();
    if (rank < signal_dims_ || shape[rank - 1] == 0) {
      return invalid_argument("expected signals of {} dimensions, found {}", signal_dims_,
                              shape.to_string());
    }
    const int64_t n = shape[rank - 1], kept = n / 2 + 1;
    std::array<int64_t, kMaxRank + 1> dims{};
    std::ranges::copy(shape.dims(), dims.begin());
    dims[static_cast<size_t>(rank - 1)] = kept;
    dims[static_cast<size_t>(rank)] = 2;
    ASSIGN_OR_RETURN(const Shape result, Shape::create({dims.data(), size_t(rank) + 1}));
    return dispatch(Types<float, double, Float16>{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, result));
      const std::span<const T> src = call.input(0).as<T>();
      if (src.empty()) return {};
      ASSIGN_OR_RETURN(auto* data, call.scratch_of<Fft::Complex>(shape.count()));
      for (size_t i = 0; i < src.size(); ++i) data[i] = static_cast<double>(src[i]);
      int64_t inner = 1;
      for (int i = rank - 1; i >= rank - signal_dims_; --i) {
        RETURN_IF_ERROR(
            transform_axis(call, data, shape.count() / inner / shape[i], shape[i], inner, false));
        inner *= shape[i];
      }
      for (int64_t at = 0; at < shape.count(); at += n) {
        for (int64_t k = 0; k < kept; ++k) {
          *dst++ = static_cast<T>(static_cast<Wide<T>>(data[at + k].real()));
          *dst++ = static_cast<T>(static_cast<Wide<T>>(data[at + k].imag()));
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
  if (dims && !dims->empty()) {
    dims->back() = dims->back().is_known() ? Dim(dims->back().value() / 2 + 1) : Dim();
    dims->push_back(Dim(int64_t{2}));
  }
  node.set(0, node.dtype(0), std::move(dims));
}

}  // namespace

extern const Operator kMsRfft = {.domain = "com.microsoft",
                                 .name = "Rfft",
                                 .versions = {1},
                                 .inputs = {1, 1},
                                 .infer = infer,
                                 .create = make<Rfft>,
                                 .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
