#include "ops/attention_core.h"

#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/float16.h"

namespace escuta::ops {
namespace {

template <typename T>
double dot(const T* a, const T* b, int64_t count) {
  double sums[4] = {};  // independent, so that additions overlap
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (int j = 0; j < 4; ++j) sums[j] += static_cast<double>(a[i + j]) * b[i + j];
  }
  for (; i < count; ++i) sums[0] += static_cast<double>(a[i]) * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// One query of one head.
template <typename T>
class Query {
 public:
  using Stage = typename AttentionOf<T>::Stage;

  Query(const AttentionOf<T>& plan, int64_t b, int64_t h, int64_t i, T* row)
      : plan_(plan), b_(b), h_(h), i_(i), row_(row), last_(plan.keys) {
    if (!plan.causal) return;
    constexpr int64_t kFar = int64_t{1} << 40;  // beyond any key, far from overflow
    const int64_t position = std::clamp(plan.causal_offset, -kFar, kFar) + i;
    last_ = std::clamp<int64_t>(position + 1, 0, plan.keys);
    if (plan.window >= 0) {
      first_ = std::clamp<int64_t>(position + 1 - std::min(plan.window, kFar), 0, last_);
    }
  }

  void run() {
    products();
    copy_out(Stage::kProduct);
    if (!plan_.softcap_is_last) cap();
    add();
    hide();
    copy_out(Stage::kAdded);
    if (plan_.softcap_is_last) cap();
    softmax();
    copy_out(Stage::kSoftmax);
    weigh();
  }

 private:
  int64_t at(const typename AttentionOf<T>::Rows& rows, int64_t h, int64_t t) const {
    return b_ * rows.batch + h * rows.head + t * rows.row;
  }

  // Keys that nobody sees are computed only where somebody wants to have the scores.
  void products() {
    const T* q = plan_.q + at(plan_.q_rows, h_, i_);
    const int64_t first = plan_.scores != nullptr ? 0 : first_;
    const int64_t last = plan_.scores != nullptr ? plan_.keys : last_;
    for (int64_t j = first; j < last; ++j) {
      const T* k = plan_.k + at(plan_.k_rows, kv_head(), j);
      row_[j] = static_cast<T>(plan_.scale * dot(q, k, plan_.head_size));
    }
  }

  void cap() {
    if (plan_.softcap != 0) {
      const int64_t first = plan_.scores != nullptr ? 0 : first_;
      const int64_t last = plan_.scores != nullptr ? plan_.keys : last_;
      for (int64_t j = first; j < last; ++j) {
        row_[j] = plan_.softcap * std::tanh(row_[j] / plan_.softcap);
      }
    }
    copy_out(Stage::kSoftcap);
  }

  void add() {
    const int64_t first = plan_.scores != nullptr ? 0 : first_;
    const int64_t last = plan_.scores != nullptr ? plan_.keys : last_;
    for (const auto& added : plan_.added) {
      if (added.data == nullptr) continue;
      const T* term = added.data + at(added.rows, h_, i_);
      for (int64_t j = first; j < last; ++j) row_[j] += term[j];
    }
  }

  void hide() {
    constexpr T kHidden = -std::numeric_limits<T>::infinity();
    std::fill(row_, row_ + first_, kHidden);
    std::fill(row_ + last_, row_ + plan_.keys, kHidden);
  }

  void softmax() {
    constexpr T kHidden = -std::numeric_limits<T>::infinity();
    T top = plan_.sinks != nullptr ? plan_.sinks[h_] : kHidden;
    for (int64_t j = first_; j < last_; ++j) top = std::max(top, row_[j]);
    if (top == kHidden) {
      std::fill(row_, row_ + plan_.keys, T{0});
      return;
    }
    double sum = plan_.sinks != nullptr ? std::exp(plan_.sinks[h_] - top) : 0;
    for (int64_t j = first_; j < last_; ++j) sum += row_[j] = std::exp(row_[j] - top);
    for (int64_t j = first_; j < last_; ++j) row_[j] = static_cast<T>(row_[j] / sum);
    std::fill(row_, row_ + first_, T{0});
    std::fill(row_ + last_, row_ + plan_.keys, T{0});
  }

  void weigh() {
    T* dst = plan_.dst + at(plan_.dst_rows, h_, i_);
    std::fill(dst, dst + plan_.value_size, T{0});
    for (int64_t j = first_; j < last_; ++j) {
      const T weight = row_[j];
      const T* v = plan_.v + at(plan_.v_rows, kv_head(), j);
      for (int64_t d = 0; d < plan_.value_size; ++d) dst[d] += weight * v[d];
    }
  }

  void copy_out(Stage stage) {
    if (plan_.scores == nullptr || plan_.stage != stage) return;
    T* dst = plan_.scores + ((b_ * plan_.heads + h_) * plan_.queries + i_) * plan_.keys;
    std::copy(row_, row_ + plan_.keys, dst);
  }

  int64_t kv_head() const { return h_ / (plan_.heads / plan_.kv_heads); }

  const AttentionOf<T>& plan_;
  int64_t b_, h_, i_;
  T* row_;
  int64_t first_ = 0, last_;  // the keys that the query sees
};

// What kernels/attention knows: at most one added term, no cap, window, sinks or scores.
bool is_simple(const AttentionOf<float>& plan) {
  const bool added_twice = plan.added[0].data != nullptr && plan.added[1].data != nullptr;
  return !added_twice && plan.softcap == 0 && plan.window < 0 && plan.sinks == nullptr &&
         plan.scores == nullptr;
}

Status run_simple(Call& call, const AttentionOf<float>& plan) {
  const auto rows = [](const AttentionOf<float>::Rows& from) {
    return kernels::HeadRows{from.batch, from.head, from.row};
  };
  kernels::Attention fast;
  fast.batch = plan.batch;
  fast.heads = plan.heads;
  fast.kv_heads = plan.kv_heads;
  fast.queries = plan.queries;
  fast.keys = plan.keys;
  fast.head_size = plan.head_size;
  fast.value_size = plan.value_size;
  fast.q = plan.q;
  fast.k = plan.k;
  fast.v = plan.v;
  fast.k_half = plan.k_half;
  fast.v_half = plan.v_half;
  fast.dst = plan.dst;
  fast.q_rows = rows(plan.q_rows);
  fast.k_rows = rows(plan.k_rows);
  fast.v_rows = rows(plan.v_rows);
  fast.dst_rows = rows(plan.dst_rows);
  fast.scale = plan.scale;
  const auto& added = plan.added[plan.added[0].data != nullptr ? 0 : 1];
  fast.mask = added.data;
  fast.mask_rows = rows(added.rows);
  fast.causal = plan.causal;
  fast.causal_offset = plan.causal_offset;
  const int threads = call.threads();
  ASSIGN_OR_RETURN(std::byte * scratch,
                   call.scratch(kernels::attention_scratch_bytes(fast, threads)));
  kernels::run_attention(fast, scratch, threads);
  return Status();
}

// Heads in float16 as floats in scratch, [batch, heads, keys, size].
Result<const float*> widen(Call& call, const AttentionOf<float>& plan, const uint16_t* src,
                           const AttentionOf<float>::Rows& rows, int64_t size,
                           AttentionOf<float>::Rows& dst_rows) {
  const int64_t keys = plan.keys, heads = plan.kv_heads;
  ASSIGN_OR_RETURN(float* dst, call.scratch_of<float>(plan.batch * heads * keys * size));
  dst_rows = {heads * keys * size, keys * size, size};
  for (int64_t row = 0; row < plan.batch * heads * keys; ++row) {
    const int64_t t = row % keys, h = row / keys % heads, b = row / keys / heads;
    const uint16_t* from = src + b * rows.batch + h * rows.head + t * rows.row;
    for (int64_t i = 0; i < size; ++i) dst[row * size + i] = half_to_float(from[i]);
  }
  return dst;
}

// The same plan over keys and values as floats.
Result<AttentionOf<float>> widened(Call& call, const AttentionOf<float>& plan) {
  AttentionOf<float> wide = plan;
  wide.k_half = wide.v_half = nullptr;
  ASSIGN_OR_RETURN(wide.k,
                   widen(call, plan, plan.k_half, plan.k_rows, plan.head_size, wide.k_rows));
  ASSIGN_OR_RETURN(wide.v,
                   widen(call, plan, plan.v_half, plan.v_rows, plan.value_size, wide.v_rows));
  return wide;
}

}  // namespace

template <typename T>
Status run_attention(Call& call, const AttentionOf<T>& attention, T* row) {
  if constexpr (std::is_same_v<T, float>) {
    if (call.fast() && is_simple(attention)) return run_simple(call, attention);
    if (attention.k_half != nullptr) {
      ASSIGN_OR_RETURN(const AttentionOf<float> wide, widened(call, attention));
      return run_attention(call, wide, row);
    }
  }
  for (int64_t b = 0; b < attention.batch; ++b) {
    for (int64_t h = 0; h < attention.heads; ++h) {
      for (int64_t i = 0; i < attention.queries; ++i) Query<T>(attention, b, h, i, row).run();
    }
  }
  return Status();
}

template Status run_attention(Call&, const AttentionOf<float>&, float*);
template Status run_attention(Call&, const AttentionOf<double>&, double*);

}  // namespace escuta::ops
