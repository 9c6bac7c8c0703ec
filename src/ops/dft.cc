// DFT (ai.onnx 17, 20): the discrete Fourier transform along one axis. Complex numbers are pairs in
// the last dimension; with `onesided` the half that determines the rest of a real signal's.
#include "ops/arguments.h"
#include "ops/dispatch.h"
#include "ops/fft.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

struct Attributes {
  explicit Attributes(const NodeInfo& node)
      : inverse(node.integer("inverse", 0) != 0),
        onesided(node.integer("onesided", 0) != 0),
        axis_input(node.version() >= 20),
        axis(axis_input ? -2 : node.integer("axis", 1)) {}

  // Real results from the half of their transform.
  bool to_real() const { return inverse && onesided; }
  bool to_half() const { return !inverse && onesided; }
  int64_t default_length(int64_t dim) const { return to_real() ? 2 * (dim - 1) : dim; }
  int64_t bins(int64_t length) const { return to_half() ? length / 2 + 1 : length; }

  bool inverse, onesided;
  bool axis_input;  // the axis is input 2, else an attribute
  int64_t axis;     // unless input 2 gives it
};

// All axes but the last one, which holds the parts of a complex number.
Result<int> signal_axis(int64_t axis, int rank) {
  if (rank >= 2 && axis >= -rank && axis <= rank - 2 && axis != -1) {
    return static_cast<int>(axis < 0 ? axis + rank : axis);
  }
  return invalid_argument("expected an axis of {} signal dimensions (not the last), found {}",
                          rank - 1, axis);
}

void infer(Inference& node) {
  const Attributes attributes(node);
  node.set(0, node.dtype(0), std::nullopt);
  if (!node.shape(0)) return;
  Dims dims = *node.shape(0);
  const Dim parts(int64_t{attributes.to_real() ? 1 : 2});
  if (dims.empty()) return node.fail(invalid_argument("expected a tensor, found a scalar"));
  int64_t axis = attributes.axis;
  if (attributes.axis_input && node.has_input(2)) {
    const auto given = node.constant_ints(2);
    if (!given || given->size() != 1) {  // any axis may change
      Dims unknown(dims.size());
      unknown.back() = parts;
      return node.set(0, node.dtype(0), std::move(unknown));
    }
    axis = given->front();
  }
  const Result<int> at = signal_axis(axis, static_cast<int>(dims.size()));
  if (!at.ok()) return node.fail(at.status());
  Dim& dim = dims[static_cast<size_t>(*at)];
  dims.back() = parts;
  int64_t length = -1;
  if (node.has_input(1)) {
    const auto given = node.constant_ints(1);
    if (given && given->size() == 1) length = given->front();
  } else if (dim.is_known() && dim.value() < int64_t{1} << 60) {
    length = attributes.default_length(dim.value());
  } else if (!attributes.onesided) {
    return node.set(0, node.dtype(0), std::move(dims));
  }
  dim = length > 0 ? Dim(attributes.bins(length)) : Dim();
  node.set(0, node.dtype(0), std::move(dims));
}

class Dft final : public Kernel {
 public:
  explicit Dft(const NodeInfo& node) : attributes_(node) {}

  Status run(Call& call) const override {
    const Shape& x = call.shape(0);
    int64_t given = attributes_.axis;
    if (attributes_.axis_input && call.has(2)) {
      ASSIGN_OR_RETURN(given, read_int(call, 2, "axis"));
    }
    ASSIGN_OR_RETURN(const int axis, signal_axis(given, x.rank()));
    const int64_t parts = x[x.rank() - 1];
    if (parts < 1 || parts > 2 || (attributes_.to_half() && parts == 2) ||
        (attributes_.to_real() && parts == 1)) {
      return invalid_argument("expected a last dimension of {}, found shape {}",
                              attributes_.to_half()   ? "1 (real numbers)"
                              : attributes_.to_real() ? "2 (complex numbers)"
                                                      : "1 or 2",
                              x.to_string());
    }
    if (x[axis] > int64_t{1} << 40) {
      return invalid_argument("expected at most 2^40 points, found {}", x[axis]);
    }
    int64_t length = attributes_.default_length(x[axis]);
    if (call.has(1)) {
      ASSIGN_OR_RETURN(length, read_int(call, 1, "dft_length"));
    }
    if (length < 1 || length > int64_t{1} << 40) {
      return invalid_argument("expected a dft_length from 1 to 2^40, found {}", length);
    }
    std::array<int64_t, kMaxRank> dims{};
    std::copy(x.dims().begin(), x.dims().end(), dims.begin());
    dims[static_cast<size_t>(axis)] = attributes_.bins(length);
    dims[static_cast<size_t>(x.rank() - 1)] = attributes_.to_real() ? 1 : 2;
    ASSIGN_OR_RETURN(const Shape shape,
                     Shape::create(std::span(dims.data(), static_cast<size_t>(x.rank()))));
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      return transform<decltype(tag)>(call, axis, length, shape);
    });
  }

 private:
  template <typename T>
  Status transform(Call& call, int axis, int64_t length, const Shape& shape) const {
    const Shape& x = call.shape(0);
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    if (shape.count() == 0) return {};
    ASSIGN_OR_RETURN(Fft fft, Fft::create(call, length));
    const T* src = call.input(0).as<T>().data();
    const int64_t parts = x[x.rank() - 1];
    const int64_t out_parts = shape[x.rank() - 1];
    int64_t outer = 1, inner = 1;  // inner: signals side by side
    for (int i = 0; i < x.rank() - 1; ++i) {
      if (i != axis) (i < axis ? outer : inner) *= x[i];
    }
    for (int64_t line = 0; line < outer * inner; ++line) {
      if (line % 64 == 0) RETURN_IF_ERROR(call.check_cancelled());
      const int64_t i = line / inner;
      const int64_t j = line % inner;
      load(fft, src + (i * x[axis] * inner + j) * parts, inner * parts, x[axis], parts);
      attributes_.inverse ? fft.inverse() : fft.forward();
      T* out = dst + (i * shape[axis] * inner + j) * out_parts;
      for (int64_t k = 0; k < shape[axis]; ++k, out += inner * out_parts) {
        const Fft::Complex value = fft.data()[k];
        out[0] = static_cast<T>(static_cast<Wide<T>>(value.real()));
        if (out_parts == 2) out[1] = static_cast<T>(static_cast<Wide<T>>(value.imag()));
      }
    }
    return {};
  }

  // Cuts the line to the transform's length, or adds zeros; for a half, the other half too.
  template <typename T>
  void load(Fft& fft, const T* src, int64_t step, int64_t dim, int64_t parts) const {
    const int64_t length = fft.size();
    const int64_t used = attributes_.to_real() ? length / 2 + 1 : length;
    Fft::Complex* data = fft.data();
    for (int64_t t = 0; t < used; ++t) {
      const T* value = src + t * step;
      data[t] = t >= dim ? Fft::Complex{}
                : parts == 2
                    ? Fft::Complex(static_cast<double>(value[0]), static_cast<double>(value[1]))
                    : Fft::Complex(static_cast<double>(value[0]), 0);
    }
    for (int64_t t = used; t < length; ++t) data[t] = std::conj(data[length - t]);
  }

  Attributes attributes_;
};

}  // namespace

extern const Operator kDFT = {.domain = "",
                              .name = "DFT",
                              .versions = {17, 20},
                              .inputs = {1, 3},
                              .infer = infer,
                              .create = make<Dft>,
                              .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
