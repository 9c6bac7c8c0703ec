// Windows that are sums of cosines: Hann, Hamming, Blackman (ai.onnx 17).
#pragma once

#include <array>
#include <cmath>
#include <numbers>

#include "ops/convert_elements.h"
#include "ops/operator.h"

namespace escuta::ops {

// w[n] = c[0] - c[1] cos(2 pi n / N) + c[2] cos(4 pi n / N), n = 0 .. size - 1; N is the size, or
// size - 1 where the window is symmetric (`periodic` = 0). A symmetric window of one element is 1.
struct WindowCoefficients {
  std::array<double, 3> c;
};

class Window : public Kernel {
 public:
  Window(const NodeInfo& node, const WindowCoefficients& coefficients);
  Status run(Call& call) const override;

 private:
  WindowCoefficients coefficients_;
  DType dtype_;
  bool periodic_;
};

void infer_window(Inference& node);

template <const WindowCoefficients& coefficients>
constexpr Operator window(std::string_view name) {
  struct Made final : Window {
    explicit Made(const NodeInfo& node) : Window(node, coefficients) {}
  };
  return {.domain = "",
          .name = name,
          .versions = {17},
          .inputs = {1, 1},
          .infer = infer_window,
          .create = make<Made>,
          .tolerance = Tolerance::kRounding};
}

}  // namespace escuta::ops
