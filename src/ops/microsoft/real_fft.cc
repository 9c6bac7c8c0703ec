#include "ops/microsoft/real_fft.h"

namespace escuta::ops {

int read_signal_dims(const NodeInfo& node) {
  const int64_t dims = node.integer("signal_ndim", 1);
  if (dims < 1 || dims > 3) {
    node.fail(invalid_argument("expected signal_ndim from 1 to 3, found {}", dims));
    return 1;
  }
  if (node.integer("onesided", 1) != 1 || node.integer("normalized", 0) != 0) {
    node.fail(unimplemented("expected onesided 1 and normalized 0"));
  }
  return static_cast<int>(dims);
}

Status transform_axis(Call& call, Fft::Complex* data, int64_t outer, int64_t n, int64_t inner,
                      bool inverse) {
  if (outer == 0 || n == 0 || inner == 0) return {};
  ASSIGN_OR_RETURN(Fft fft, Fft::create(call, n));
  for (int64_t o = 0; o < outer; ++o) {
    RETURN_IF_ERROR(call.check_cancelled());
    for (int64_t i = 0; i < inner; ++i) {
      Fft::Complex* line = data + o * n * inner + i;
      for (int64_t j = 0; j < n; ++j) fft.data()[j] = line[j * inner];
      inverse ? fft.inverse() : fft.forward();
      for (int64_t j = 0; j < n; ++j) line[j * inner] = fft.data()[j];
    }
  }
  return {};
}

}  // namespace escuta::ops
