// Transforms of signals, windows, mel weights.
#include "draws.h"

namespace escuta::fuzz {

bool dft(Builder& b, const Entry& e) {
  const DType t = b.one_of(e.types);
  const bool inverse = b.coin(), complex = inverse || b.coin();
  const int64_t length = 1 + b.pick(17);
  const Made x = b.like(t, {1 + b.pick(2), length, 1 + b.pick(2), complex ? 2 : 1});
  Attributes attributes = {attr("inverse", inverse)};
  if (!complex && b.coin()) attributes.push_back(attr("onesided", 1));
  std::vector<std::string> inputs = {x.name};
  const bool resized = b.coin();
  if (resized) inputs.push_back(b.scalar(1 + b.pick(17)));
  if (b.opset() < 20) {
    attributes.push_back(attr("axis", 1));
  } else {
    if (!resized) inputs.push_back("");
    inputs.push_back(b.scalar(b.coin() ? 1 : -3));
  }
  return emit(b, e, inputs, attributes);
}

bool stft(Builder& b, const Entry& e) {
  const DType t = b.one_of(e.types);
  const int64_t frame = 2 + b.pick(15), step = 1 + b.pick(6), length = frame + b.pick(30);
  const Made x = b.like(t, {1 + b.pick(2), length, 1});
  std::vector<std::string> inputs = {x.name, b.scalar(step)};
  const bool windowed = b.coin();
  inputs.push_back(windowed ? b.constant(t, {frame}, {0, 1}).name : "");
  inputs.push_back(b.scalar(frame));
  return emit(b, e, inputs, {attr("onesided", b.coin())});
}

bool mel_weights(Builder& b, const Entry& e) {
  return emit(b, e,
              {b.scalar(2 + b.pick(6)), b.scalar(16 + b.pick(33)), b.scalar(8000),
               b.number(b.real(10, 100)), b.number(b.real(2000, 4000))});
}

// ONNX Runtime divides by zero for one sample that is not periodic.
bool window(Builder& b, const Entry& e) {
  return emit(b, e, {b.scalar(b.for_ort() ? 2 + b.pick(20) : 1)}, {attr("periodic", b.coin())});
}

}  // namespace escuta::fuzz
