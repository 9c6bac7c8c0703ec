// LinearAttention (Katharopoulos et al., 2020; gated and delta rules: Yang et al., 2024): a state
// [Dk, Dv] per head that each key and value change and each query reads.
#include <cmath>

#include "ops/check_input.h"
#include "ops/operator.h"
#include "ops/widened.h"

namespace escuta::ops {
namespace {

enum : size_t { kQuery, kKey, kValue, kPast, kDecay, kBeta };

class LinearAttention final : public Kernel {
 public:
  explicit LinearAttention(const NodeInfo& node)
      : q_heads_(node.integer("q_num_heads", 0)),
        kv_heads_(node.integer("kv_num_heads", 0)),
        scale_(node.number("scale", 0)) {
    const std::string rule = node.text("update_rule", "gated_delta");
    gated_ = rule == "gated" || rule == "gated_delta";
    delta_ = rule == "delta" || rule == "gated_delta";
    if (!gated_ && !delta_ && rule != "linear") {
      node.fail(
          invalid_argument("update_rule: expected linear, gated, delta or gated_delta, found "
                           "{}",
                           rule));
    }
    if (q_heads_ < 1 || kv_heads_ < 1 || q_heads_ % kv_heads_ != 0) {
      node.fail(invalid_argument("q_num_heads: expected a multiple of kv_num_heads, {}, found {}",
                                 kv_heads_, q_heads_));
    }
  }

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(Plan plan, plan_of(call));
    ASSIGN_OR_RETURN(plan.q, widened_tensor<float>(call, call.input(kQuery)));
    ASSIGN_OR_RETURN(plan.k, widened_tensor<float>(call, call.input(kKey)));
    ASSIGN_OR_RETURN(plan.v, widened_tensor<float>(call, call.input(kValue)));
    if (gated_) {
      ASSIGN_OR_RETURN(plan.decay, widened_tensor<float>(call, call.input(kDecay)));
    }
    if (delta_) {
      ASSIGN_OR_RETURN(plan.beta, widened_tensor<float>(call, call.input(kBeta)));
    }
    int64_t width = 0;
    if (__builtin_mul_overflow(q_heads_, plan.dv, &width)) {
      return out_of_range("{} heads of {} elements are too many", q_heads_, plan.dv);
    }
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(std::array{plan.batch, plan.rows, width}));
    ASSIGN_OR_RETURN(const auto dst,
                     NarrowedOutput<float>::create(call, 0, call.dtype(kQuery), shape));
    ASSIGN_OR_RETURN(const Shape state_shape,
                     Shape::create(std::array{plan.batch, kv_heads_, plan.dk, plan.dv}));
    const DType state_dtype = call.dtype(call.has(kPast) ? kPast : kQuery);
    ASSIGN_OR_RETURN(const auto state,
                     NarrowedOutput<float>::create(call, 1, state_dtype, state_shape));
    plan.dst = dst.data();
    plan.state = state.data();
    if (call.has(kPast)) {
      RETURN_IF_ERROR(check_shape(call, kPast, state_shape));
      ASSIGN_OR_RETURN(const float* past, widened_tensor<float>(call, call.input(kPast)));
      std::copy_n(past, state_shape.count(), plan.state);
    } else {
      std::fill_n(plan.state, state_shape.count(), 0.0f);
    }
    ASSIGN_OR_RETURN(float* change, call.scratch_of<float>(plan.dv));
    if (plan.dv > 0) {
      for (int64_t i = 0; i < plan.batch * plan.rows; ++i) {
        for (int64_t h = 0; h < kv_heads_; ++h) step(plan, i / plan.rows, i, h, change);
      }
    }
    RETURN_IF_ERROR(state.finish());
    return dst.finish();
  }

 private:
  struct Plan {
    int64_t batch = 0, rows = 0, dk = 0, dv = 0;
    int64_t decays = 0, betas = 0;  // per row
    float scale = 1;
    const float *q = nullptr, *k = nullptr, *v = nullptr, *decay = nullptr, *beta = nullptr;
    float *dst = nullptr, *state = nullptr;
  };

  Result<Plan> plan_of(const Call& call) const {
    for (const size_t i : {kQuery, kKey, kValue}) RETURN_IF_ERROR(check_rank(call, i, 3));
    const Shape& q = call.shape(kQuery);
    const Shape& k = call.shape(kKey);
    const Shape& v = call.shape(kValue);
    Plan plan{.batch = q[0], .rows = q[1], .dk = q[2] / q_heads_, .dv = v[2] / kv_heads_};
    if (q[2] % q_heads_ != 0 || v[2] % kv_heads_ != 0 ||
        k != Shape{plan.batch, plan.rows, kv_heads_ * plan.dk} || v[0] != q[0] || v[1] != q[1]) {
      return invalid_argument(
          "expected query, key and value of {}, {} and {} heads, found {}, {} "
          "and {}",
          q_heads_, kv_heads_, kv_heads_, q.to_string(), k.to_string(), v.to_string());
    }
    if (call.has(kDecay) != gated_ || call.has(kBeta) != delta_) {
      return invalid_argument(
          "expected decay for gated rules and beta for delta rules, and only "
          "for those");
    }
    const auto width_of = [&](size_t i, int64_t one, int64_t other) -> Result<int64_t> {
      RETURN_IF_ERROR(check_rank(call, i, 3));
      const Shape& shape = call.shape(i);
      if (shape[0] == q[0] && shape[1] == q[1] && (shape[2] == one || shape[2] == other)) {
        return shape[2];
      }
      return invalid_argument("input {}: expected shape [{}, {}, {} or {}], found {}", i, q[0],
                              q[1], one, other, shape.to_string());
    };
    if (gated_) {
      ASSIGN_OR_RETURN(plan.decays, width_of(kDecay, kv_heads_, kv_heads_ * plan.dk));
    }
    if (delta_) {
      ASSIGN_OR_RETURN(plan.betas, width_of(kBeta, kv_heads_, 1));
    }
    plan.scale =
        scale_ != 0 ? scale_ : static_cast<float>(1 / std::sqrt(static_cast<double>(plan.dk)));
    return plan;
  }

  // Row i (counted over all items) of head h of item b. change [Dv]: scratch.
  void step(const Plan& plan, int64_t b, int64_t i, int64_t h, float* change) const {
    const int64_t dk = plan.dk, dv = plan.dv;
    float* state = plan.state + (b * kv_heads_ + h) * dk * dv;
    const float* k = plan.k + (i * kv_heads_ + h) * dk;
    std::copy_n(plan.v + (i * kv_heads_ + h) * dv, dv, change);
    if (gated_) {
      const bool per_head = plan.decays == kv_heads_;
      const float* decay = plan.decay + i * plan.decays + (per_head ? h : h * dk);
      for (int64_t d = 0; d < dk; ++d) {
        const float keep = std::exp(decay[per_head ? 0 : d]);
        for (int64_t m = 0; m < dv; ++m) state[d * dv + m] *= keep;
      }
    }
    if (delta_) {
      const float beta = plan.beta[i * plan.betas + (plan.betas == 1 ? 0 : h)];
      for (int64_t d = 0; d < dk; ++d) {
        for (int64_t m = 0; m < dv; ++m) change[m] -= k[d] * state[d * dv + m];
      }
      for (int64_t m = 0; m < dv; ++m) change[m] *= beta;
    }
    for (int64_t d = 0; d < dk; ++d) {
      for (int64_t m = 0; m < dv; ++m) state[d * dv + m] += k[d] * change[m];
    }
    const int64_t group = q_heads_ / kv_heads_;
    for (int64_t g = h * group; g < (h + 1) * group; ++g) {
      const float* q = plan.q + (i * q_heads_ + g) * dk;
      float* dst = plan.dst + (i * q_heads_ + g) * dv;
      std::fill_n(dst, dv, 0.0f);
      for (int64_t d = 0; d < dk; ++d) {
        const float by = plan.scale * q[d];
        for (int64_t m = 0; m < dv; ++m) dst[m] += by * state[d * dv + m];
      }
    }
  }

  int64_t q_heads_, kv_heads_;
  float scale_;
  bool gated_ = false, delta_ = false;
};

void infer(Inference& node) {
  const int64_t q_heads = node.integer("q_num_heads", 0);
  const int64_t kv_heads = node.integer("kv_num_heads", 0);
  const auto& q = node.shape(kQuery);
  const auto& v = node.shape(kValue);
  Dim dk, dv, width;
  if (q && q->size() == 3 && q_heads > 0 && (*q)[2].is_known()) dk = Dim((*q)[2].value() / q_heads);
  if (v && v->size() == 3 && kv_heads > 0 && (*v)[2].is_known()) {
    dv = Dim((*v)[2].value() / kv_heads);
    int64_t all = 0;
    if (q_heads > 0 && !__builtin_mul_overflow(dv.value(), q_heads, &all)) width = Dim(all);
  }
  Dims dims(3);
  if (q && q->size() == 3) dims = {(*q)[0], (*q)[1], width};
  const Dim heads = kv_heads > 0 ? Dim(kv_heads) : Dim();
  node.set(1, node.dtype(node.has_input(kPast) ? kPast : kQuery), Dims{dims[0], heads, dk, dv});
  node.set(0, node.dtype(kQuery), std::move(dims));
}

}  // namespace

extern const Operator kLinearAttention = {.domain = "",
                                          .name = "LinearAttention",
                                          .versions = {27},
                                          .inputs = {3, 6},
                                          .outputs = {1, 2},
                                          .infer = infer,
                                          .create = make<LinearAttention>,
                                          .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
