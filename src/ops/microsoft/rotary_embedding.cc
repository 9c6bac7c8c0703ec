// RotaryEmbedding (com.microsoft 1): rotates heads by the angles of their positions, which a cache
// of cosines and sines gives.
#include "ops/microsoft/inputs.h"
#include "ops/microsoft/rotary.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class RotaryEmbedding final : public Kernel {
 public:
  explicit RotaryEmbedding(const NodeInfo& node)
      : heads_(node.integer("num_heads", 0)),
        rotary_size_(node.integer("rotary_embedding_dim", 0)),
        interleaved_(node.integer("interleaved", 0) != 0) {
    if (heads_ < 0 || rotary_size_ < 0 || (rotary_size_ > 0 && heads_ == 0)) {
      node.fail(
          invalid_argument("expected num_heads together with rotary_embedding_dim, found {} and {}",
                           heads_, rotary_size_));
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 4));
    ASSIGN_OR_RETURN(const Sizes sizes, measure(call));
    ASSIGN_OR_RETURN(const auto positions, elements<int64_t>(call, 1));
    ASSIGN_OR_RETURN(const float* src, floats(call, 0));
    ASSIGN_OR_RETURN(const float* cosines, floats(call, 2));
    ASSIGN_OR_RETURN(const float* sines, floats(call, 3));
    ASSIGN_OR_RETURN(const FloatOutput output,
                     FloatOutput::create(call, 0, call.dtype(0), call.shape(0)));
    if (output.count() == 0) return {};
    std::copy(src, src + output.count(), output.data());
    const int64_t known = call.shape(2)[0];
    const bool offset = positions.size() == 1 && sizes.batch * sizes.length != 1;
    for (int64_t b = 0; b < sizes.batch; ++b) {
      for (int64_t t = 0; t < sizes.length; ++t) {
        const int64_t given = positions[static_cast<size_t>(offset ? 0 : b * sizes.length + t)];
        const int64_t position = offset && given >= 0 && given < known ? given + t : given;
        if (position < 0 || position >= known) {
          return out_of_range("expected positions from 0 to {}, found {}", known - 1, position);
        }
        for (int64_t h = 0; h < sizes.heads; ++h) {
          float* head = output.data() + sizes.at(b, h, t);
          rotate(head, cosines + position * sizes.pairs, sines + position * sizes.pairs,
                 sizes.pairs, interleaved_, head);
        }
      }
    }
    output.store();
    return {};
  }

 private:
  struct Sizes {
    int64_t batch, length, heads, head_size, pairs;
    bool heads_first;
    int64_t at(int64_t b, int64_t h, int64_t t) const {
      return (heads_first ? (b * heads + h) * length + t : (b * length + t) * heads + h) *
             head_size;
    }
  };

  Result<Sizes> measure(const Call& call) const {
    const Shape& shape = call.shape(0);
    RETURN_IF_ERROR(expect_shape(call, 2, "cos_cache", {-1, -1}));
    const int64_t pairs = call.shape(2)[1];
    RETURN_IF_ERROR(expect_shape(call, 3, "sin_cache", {call.shape(2)[0], pairs}));
    Sizes sizes{};
    sizes.pairs = pairs;
    if (shape.rank() == 4) {
      sizes = {shape[0], shape[2], shape[1], shape[3], pairs, true};
    } else if (shape.rank() == 3) {
      const int64_t head_size = rotary_size_ > 0 ? shape[2] / heads_
                                : heads_ > 0     ? shape[2] / heads_
                                                 : 2 * pairs;
      if (head_size == 0 || shape[2] % head_size != 0) {
        return invalid_argument("expected heads of {} elements, found a hidden size of {}",
                                head_size, shape[2]);
      }
      sizes = {shape[0], shape[1], shape[2] / head_size, head_size, pairs, false};
    } else {
      return invalid_argument("expected an input of rank 3 or 4, found {}", shape.to_string());
    }
    if (2 * pairs > sizes.head_size || (rotary_size_ > 0 && rotary_size_ != 2 * pairs)) {
      return invalid_argument("expected caches of {} angles at most, found {}",
                              (rotary_size_ > 0 ? rotary_size_ : sizes.head_size) / 2, pairs);
    }
    const Shape& positions = call.shape(1);
    const bool one = positions.rank() == 1 && positions[0] == 1;
    if (!one) {
      RETURN_IF_ERROR(expect_shape(call, 1, "position_ids", {sizes.batch, sizes.length}));
    }
    return sizes;
  }

  int64_t heads_, rotary_size_;
  bool interleaved_;
};

}  // namespace

extern const Operator kMsRotaryEmbedding = {.domain = "com.microsoft",
                                            .name = "RotaryEmbedding",
                                            .versions = {1},
                                            .inputs = {4, 4},
                                            .infer = infer_same,
                                            .create = make<RotaryEmbedding>,
                                            .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
