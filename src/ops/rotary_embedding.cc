// RotaryEmbedding (Su et al., 2021): pairs of elements of each head turn by an angle that grows
// with the position; the angle's cosines and sines are given.
#include "ops/check_input.h"
#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class RotaryEmbedding final : public Kernel {
 public:
  explicit RotaryEmbedding(const NodeInfo& node)
      : heads_(node.integer("num_heads", 0)),
        turned_(node.integer("rotary_embedding_dim", 0)),
        interleaved_(node.integer("interleaved", 0) != 0) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const Layout layout, layout_of(call));
    RETURN_IF_ERROR(check_dtype(call, 1, call.dtype(0)));
    RETURN_IF_ERROR(check_dtype(call, 2, call.dtype(0)));
    RETURN_IF_ERROR(check_shape(call, 2, call.shape(1)));
    const Shape& angles = call.shape(1);
    const int64_t half = layout.turned / 2;
    const int64_t* positions = nullptr;
    if (call.has(3)) {
      RETURN_IF_ERROR(check_dtype(call, 3, DType::kInt64));
      RETURN_IF_ERROR(check_shape(call, 3, Shape{layout.batch, layout.rows}));
      if (angles.rank() != 2 || angles[1] != half) {
        return invalid_argument("cos_cache: expected [positions, {}], found {}", half,
                                angles.to_string());
      }
      positions = call.input(3).as<int64_t>().data();
      for (const int64_t position : call.input(3).as<int64_t>()) {
        if (position < 0 || position >= angles[0]) {
          return invalid_argument("position_ids: expected positions from 0 to {}, found {}",
                                  angles[0] - 1, position);
        }
      }
    } else {
      RETURN_IF_ERROR(check_shape(call, 1, Shape{layout.batch, layout.rows, half}));
    }
    return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, call.shape(0)));
      const T* src = call.input(0).as<T>().data();
      const T* cosines = call.input(1).as<T>().data();
      const T* sines = call.input(2).as<T>().data();
      if (call.shape(0).count() == 0) return {};
      for (int64_t i = 0; i < layout.batch * layout.rows; ++i) {
        const int64_t angle = (positions == nullptr ? i : positions[i]) * half;
        const int64_t first =
            i / layout.rows * layout.batch_step + i % layout.rows * layout.row_step;
        for (int64_t h = 0; h < layout.heads; ++h) {
          const int64_t at = first + h * layout.head_step;
          turn(src + at, dst + at, cosines + angle, sines + angle, half);
          std::copy(src + at + layout.turned, src + at + layout.size, dst + at + layout.turned);
        }
      }
      return {};
    });
  }

 private:
  struct Layout {
    int64_t batch = 0, heads = 0, rows = 0, size = 0;
    int64_t batch_step = 0, head_step = 0, row_step = 0;
    int64_t turned = 0;  // of the elements of a head
  };

  Result<Layout> layout_of(const Call& call) const {
    const Shape& shape = call.shape(0);
    Layout layout;
    if (shape.rank() == 4) {
      layout = {shape[0],
                shape[1],
                shape[2],
                shape[3],
                shape[1] * shape[2] * shape[3],
                shape[2] * shape[3],
                shape[3],
                0};
    } else if (shape.rank() == 3 && heads_ > 0 && shape[2] % heads_ == 0) {
      const int64_t size = shape[2] / heads_;
      layout = {shape[0], heads_, shape[1], size, shape[1] * shape[2], size, shape[2], 0};
    } else {
      return invalid_argument(
          "X: expected a tensor [B, H, T, D], or [B, T, H * D] with the "
          "attribute num_heads ({}), found {}",
          heads_, shape.to_string());
    }
    layout.turned = turned_ == 0 ? layout.size : turned_;
    if (layout.turned < 0 || layout.turned > layout.size || layout.turned % 2 != 0) {
      return invalid_argument("rotary_embedding_dim: expected an even number up to {}, found {}",
                              layout.size, layout.turned);
    }
    return layout;
  }

  template <typename T>
  void turn(const T* src, T* dst, const T* cosines, const T* sines, int64_t half) const {
    using W = Wide<T>;
    for (int64_t i = 0; i < half; ++i) {
      const int64_t a = interleaved_ ? 2 * i : i;
      const int64_t b = interleaved_ ? 2 * i + 1 : half + i;
      const W x = src[a], y = src[b], c = cosines[i], s = sines[i];
      dst[a] = static_cast<T>(c * x - s * y);
      dst[b] = static_cast<T>(s * x + c * y);
    }
  }

  int64_t heads_, turned_;
  bool interleaved_;
};

}  // namespace

extern const Operator kRotaryEmbedding = {.domain = "",
                                          .name = "RotaryEmbedding",
                                          .versions = {23},
                                          .inputs = {3, 4},
                                          .infer = infer_same,
                                          .create = make<RotaryEmbedding>,
                                          .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
