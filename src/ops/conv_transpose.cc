// ConvTranspose (ai.onnx 1, 11, 22): what Conv's gradient by its input is: each input element adds
// its kernel, times itself, to the output.
//
// For each output channel, the products of all taps with a tile of the input, then an addition of
// each tap's row where it belongs.
#include "ops/convolution.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) {
  const WindowAttributes attributes(node);
  const std::optional<Dims>& x = node.shape(0);
  const std::optional<Dims>& w = node.shape(1);
  node.set(0, node.dtype(0), std::nullopt);
  if (!x && !w) return;
  const size_t rank = x ? x->size() : w->size();
  if (rank < 3 || (x && w && w->size() != rank)) {
    node.fail(invalid_argument("expected input and weights of one rank, at least 3"));
    return;
  }
  Dims spatial(rank - 2);
  if (x) std::copy_n(x->begin() + 2, rank - 2, spatial.begin());
  std::span<const Dim> kernel;
  if (w) kernel = std::span(*w).subspan(2);
  spatial = attributes.infer(node, spatial, kernel, true);
  Dims dims(rank);
  if (x) dims[0] = (*x)[0];
  const int64_t group = node.integer("group", 1);
  int64_t channels = 0;
  if (w && (*w)[1].is_known() && !__builtin_mul_overflow((*w)[1].value(), group, &channels) &&
      channels >= 0) {
    dims[1] = Dim(channels);
  }
  std::copy(spatial.begin(), spatial.end(), dims.begin() + 2);
  node.set(0, node.dtype(0), std::move(dims));
}

struct Sizes {
  Windows windows;  // of the convolution that is undone: `in` is the result
  int64_t groups = 1;
  int64_t in_channels = 0;  // of a group, like out_channels
  int64_t out_channels = 0;
  Shape output;
};

class ConvTranspose final : public Kernel {
 public:
  explicit ConvTranspose(const NodeInfo& node)
      : attributes_(node), group_(node.integer("group", 1)) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const Sizes s, sizes(call.shape(0), call.shape(1)));
    RETURN_IF_ERROR(check_dtype(call, 1, call.dtype(0)));
    RETURN_IF_ERROR(check_bias(call, 2, call.dtype(0), s.groups * s.out_channels));
    return dispatch(Floats{}, call.dtype(0),
                    [&](auto tag) -> Status { return loop<decltype(tag)>(call, s); });
  }

 private:
  Result<Sizes> sizes(const Shape& x, const Shape& w) const {
    if (x.rank() < 3 || w.rank() != x.rank()) {
      return invalid_argument("expected input and weights of one rank, at least 3, found {} and {}",
                              x.to_string(), w.to_string());
    }
    Sizes s;
    int64_t channels = 0;
    if (group_ < 1 || x[1] % group_ != 0 || w[0] != x[1] ||
        __builtin_mul_overflow(w[1], group_, &channels)) {
      return invalid_argument(
          "expected weights [C, M / group, ...] where group divides C, found {} for an input of {} "
          "channels, group {}",
          w.to_string(), x[1], group_);
    }
    s.groups = group_;
    s.in_channels = x[1] / group_;
    s.out_channels = w[1];
    ASSIGN_OR_RETURN(s.windows, attributes_.resolve_transposed(spatial_dims(x), spatial_dims(w)));
    std::array<int64_t, kMaxRank> dims{};
    dims[0] = x[0];
    dims[1] = channels;
    for (int i = 0; i < s.windows.rank; ++i) dims[i + 2] = s.windows.axes[i].in;
    ASSIGN_OR_RETURN(s.output,
                     Shape::create(std::span(dims.data(), static_cast<size_t>(x.rank()))));
    return s;
  }

  // src, itself or widened into scratch.
  template <typename T>
  static Result<const Wide<T>*> widened(Call& call, size_t i) {
    const std::span<const T> src = call.input(i).as<T>();
    if constexpr (std::is_same_v<T, Wide<T>>) {
      return src.data();
    } else {
      ASSIGN_OR_RETURN(float* wide, call.scratch_of<float>(call.input(i).count()));
      std::copy(src.begin(), src.end(), wide);
      return wide;
    }
  }

  template <typename T>
  static Status loop(Call& call, const Sizes& s) {
    using A = Wide<T>;
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, s.output));
    if (s.output.count() == 0) return {};
    ASSIGN_OR_RETURN(const A* x, widened<T>(call, 0));
    ASSIGN_OR_RETURN(const A* w, widened<T>(call, 1));
    const T* bias = call.has(2) ? call.input(2).as<T>().data() : nullptr;
    const int64_t taps = s.windows.kernel_count;
    const int64_t plane = s.windows.in_count;
    const int64_t tile = tile_size(taps, s.windows.out_count);
    ASSIGN_OR_RETURN(A * rows, call.scratch_of<A>(taps * tile));
    A* sums = nullptr;  // one plane of the result, where it is not computed in place
    if constexpr (!std::is_same_v<T, A>) {
      ASSIGN_OR_RETURN(sums, call.scratch_of<A>(plane));
    }
    const int64_t channels = s.groups * s.out_channels;
    for (int64_t at = 0; at < s.output[0] * channels; ++at) {
      RETURN_IF_ERROR(call.check_cancelled());
      const int64_t image = at / channels;
      const int64_t channel = at % channels;
      const int64_t first_in = channel / s.out_channels * s.in_channels;
      T* out = dst + at * plane;
      if constexpr (std::is_same_v<T, A>) sums = out;
      std::fill(sums, sums + plane, bias == nullptr ? A{} : static_cast<A>(bias[channel]));
      add_channel(s, x + (image * s.groups * s.in_channels + first_in) * s.windows.out_count,
                  w + (first_in * s.out_channels + channel % s.out_channels) * taps, tile, rows,
                  sums);
      if constexpr (!std::is_same_v<T, A>) {
        for (int64_t i = 0; i < plane; ++i) out[i] = static_cast<T>(sums[i]);
      }
    }
    return {};
  }

  // Adds to one plane of the result. x [in_channels, plane]; w: the channel's taps for input
  // channel 0; rows [taps, tile].
  template <typename A>
  static void add_channel(const Sizes& s, const A* x, const A* w, int64_t tile, A* rows, A* sums) {
    const Windows& windows = s.windows;
    if (s.in_channels == 0) return;
    for (int64_t first = 0; first < windows.out_count; first += tile) {
      const int64_t count = std::min(tile, windows.out_count - first);
      tile_product(w, int64_t{1}, s.out_channels * windows.kernel_count, x + first,
                   windows.out_count, windows.kernel_count, s.in_channels, count, rows, tile);
      std::array<int64_t, kMaxRank> tap{};
      for (int64_t k = 0; k < windows.kernel_count; ++k) {
        const A* row = rows + k * tile;
        for_each_run_of_tap(windows, tap, first, count,
                            [&](int64_t from, int64_t at, int64_t n, int64_t step) {
                              for (int64_t i = 0; i < n; ++i) sums[at + i * step] += row[from + i];
                            });
        next_tap(windows, tap);
      }
    }
  }

  WindowAttributes attributes_;
  int64_t group_;
};

}  // namespace

extern const Operator kConvTranspose = {.domain = "",
                                        .name = "ConvTranspose",
                                        .versions = {1, 11, 22},
                                        .inputs = {2, 3},
                                        .infer = infer,
                                        .create = make<ConvTranspose>,
                                        .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
