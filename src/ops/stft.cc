// STFT (ai.onnx 17): the transforms of windowed frames of a signal, [batch, frames, bins, 2].
#include "ops/arguments.h"
#include "ops/check_input.h"
#include "ops/dispatch.h"
#include "ops/fft.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum : size_t { kSignal, kStep, kWindow, kLength };

// floor((length - frame) / step) + 1; absent: no frame fits.
std::optional<int64_t> frame_count(int64_t length, int64_t frame, int64_t step) {
  if (step < 1 || frame < 1 || frame > length) return std::nullopt;
  return (length - frame) / step + 1;
}

void infer(Inference& node) {
  const bool onesided = node.integer("onesided", 1) != 0;
  Dims dims(4);
  dims[3] = Dim(int64_t{2});
  Dim length, frame;
  if (const auto& signal = node.shape(kSignal)) {
    if (signal->size() != 3 && signal->size() != 2) {
      return node.fail(
          invalid_argument("expected a signal [batch, length, 1 or 2], found {} "
                           "dimensions",
                           signal->size()));
    }
    dims[0] = (*signal)[0];
    length = (*signal)[1];
  }
  if (node.has_input(kLength)) {
    const auto given = node.constant_ints(kLength);
    if (given && given->size() == 1 && given->front() > 0) frame = Dim(given->front());
  } else if (node.has_input(kWindow)) {
    if (const auto& window = node.shape(kWindow); window && window->size() == 1) {
      frame = window->front();
    }
  } else {
    frame = length;
  }
  if (frame.is_known()) dims[2] = Dim(onesided ? frame.value() / 2 + 1 : frame.value());
  const auto step = node.constant_ints(kStep);
  if (frame.is_known() && length.is_known() && step && step->size() == 1) {
    const auto frames = frame_count(length.value(), frame.value(), step->front());
    if (frames) dims[1] = Dim(*frames);
  }
  node.set(0, node.dtype(kSignal), std::move(dims));
}

class Stft final : public Kernel {
 public:
  explicit Stft(const NodeInfo& node) : onesided_(node.integer("onesided", 1) != 0) {}

  Status run(Call& call) const override {
    const Shape& signal = call.shape(kSignal);
    const int64_t parts = signal.rank() == 3 ? signal[2] : 1;
    if (signal.rank() < 2 || signal.rank() > 3 || parts < 1 || parts > 2) {
      return invalid_argument("expected a signal [batch, length, 1 or 2], found {}",
                              signal.to_string());
    }
    if (onesided_ && parts == 2) {
      return invalid_argument("expected a real signal where `onesided` is 1, found {}",
                              signal.to_string());
    }
    ASSIGN_OR_RETURN(const int64_t step, read_int(call, kStep, "frame_step"));
    ASSIGN_OR_RETURN(const int64_t frame, frame_length(call));
    const std::optional<int64_t> frames = frame_count(signal[1], frame, step);
    if (!frames) {
      return invalid_argument(
          "expected a frame_step of 1 or more and a signal of at least one frame, found step {}, "
          "{} samples, frames of {}",
          step, signal[1], frame);
    }
    const std::array<int64_t, 4> dims = {signal[0], *frames, onesided_ ? frame / 2 + 1 : frame, 2};
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
    return dispatch(Floats{}, call.dtype(kSignal), [&](auto tag) -> Status {
      return transform<decltype(tag)>(call, parts, step, frame, shape);
    });
  }

 private:
  static Result<int64_t> frame_length(const Call& call) {
    int64_t length = call.shape(kSignal)[1];
    if (call.has(kWindow)) {
      RETURN_IF_ERROR(check_rank(call, kWindow, 1));
      RETURN_IF_ERROR(check_dtype(call, kWindow, call.dtype(kSignal)));
      length = call.shape(kWindow)[0];
    }
    if (!call.has(kLength)) return length;
    ASSIGN_OR_RETURN(const int64_t given, read_int(call, kLength, "frame_length"));
    if (call.has(kWindow) && given != length) {
      return invalid_argument("expected frame_length {} as long as the window, found {}", length,
                              given);
    }
    return given;
  }

  template <typename T>
  static Status transform(Call& call, int64_t parts, int64_t step, int64_t frame,
                          const Shape& shape) {
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    if (shape.count() == 0) return {};
    ASSIGN_OR_RETURN(Fft fft, Fft::create(call, frame));
    const T* signal = call.input(kSignal).as<T>().data();
    const T* window = call.has(kWindow) ? call.input(kWindow).as<T>().data() : nullptr;
    const int64_t length = call.shape(kSignal)[1];
    const int64_t bins = shape[2];
    for (int64_t i = 0; i < shape[0] * shape[1]; ++i) {
      if (i % 64 == 0) RETURN_IF_ERROR(call.check_cancelled());
      const T* src = signal + (i / shape[1] * length + i % shape[1] * step) * parts;
      for (int64_t t = 0; t < frame; ++t) {
        const double weight = window == nullptr ? 1 : static_cast<double>(window[t]);
        fft.data()[t] = {weight * static_cast<double>(src[t * parts]),
                         parts == 2 ? weight * static_cast<double>(src[t * parts + 1]) : 0};
      }
      fft.forward();
      T* out = dst + i * bins * 2;
      for (int64_t k = 0; k < bins; ++k) {
        out[2 * k] = static_cast<T>(static_cast<Wide<T>>(fft.data()[k].real()));
        out[2 * k + 1] = static_cast<T>(static_cast<Wide<T>>(fft.data()[k].imag()));
      }
      // Of a real signal the bins at 0 and at half the rate are real. What rounding leaves there
      // has a sign, which a graph that takes angles would turn into half a turn.
      if (parts == 1) {
        out[1] = static_cast<T>(Wide<T>{0});
        if (frame % 2 == 0) out[frame + 1] = static_cast<T>(Wide<T>{0});
      }
    }
    return {};
  }

  bool onesided_;
};

}  // namespace

extern const Operator kSTFT = {.domain = "",
                               .name = "STFT",
                               .versions = {17},
                               .inputs = {2, 4},
                               .infer = infer,
                               .create = make<Stft>,
                               .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
