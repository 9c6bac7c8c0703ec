#include "generate/log_prob.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/table.h"

namespace escuta::generate {
namespace {

using kernels::kernels;

constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr size_t kBlock = 512;  // in L1, and short enough to skip or to look through

template <typename F>
void for_each_block(std::span<const float> logits, F visit) {
  for (size_t first = 0; first < logits.size(); first += kBlock) {
    visit(first, logits.subspan(first, std::min(kBlock, logits.size() - first)));
  }
}

// exp(scale * x + shift) of a block; gives their sum.
float exp_block(std::span<const float> block, float scale, float shift,
                std::array<float, kBlock>& weights) {
  const auto n = static_cast<long>(block.size());
  const auto& loops = kernels().vector;
  loops.affine(block.data(), scale, shift, weights.data(), n);
  loops.exp(weights.data(), weights.data(), n);
  return loops.reduce(kernels::ReduceOp::kSum, weights.data(), n);
}

}  // namespace

float largest(std::span<const float> logits) {
  return kernels().vector.reduce(kernels::ReduceOp::kMax, logits.data(),
                                 static_cast<long>(logits.size()));
}

double log_sum_exp(std::span<const float> logits) {
  const float best = largest(logits);
  if (!std::isfinite(best)) return best;
  std::array<float, kBlock> weights;
  double sum = 0;
  for_each_block(logits, [&](size_t, std::span<const float> block) {
    sum += exp_block(block, 1, -best, weights);
  });
  return best + std::log(sum);
}

int32_t arg_max(std::span<const float> logits) {
  const std::vector<int32_t> best = top(logits, 1);
  return best.empty() ? 0 : best.front();
}

std::vector<int32_t> top(std::span<const float> logits, size_t count) {
  std::vector<int32_t> best;  // largest first
  best.reserve(count + 1);
  const auto value = [&](int32_t i) { return logits[static_cast<size_t>(i)]; };
  float least = kNothing;  // what an element must be above
  for_each_block(logits, [&](size_t first, std::span<const float> block) {
    const float most = largest(block);
    if (count == 0 || most <= least) return;  // not where most is NaN
    for (size_t i = 0; i < block.size(); ++i) {
      if (!(block[i] > least)) continue;
      const auto at = std::find_if(best.begin(), best.end(),
                                   [&](int32_t other) { return value(other) < block[i]; });
      best.insert(at, static_cast<int32_t>(first + i));
      if (best.size() > count) best.pop_back();
      if (best.size() == count) least = value(best.back());
    }
  });
  return best;
}

double probability(std::span<const float> logits, int32_t token) {
  if (token < 0 || static_cast<size_t>(token) >= logits.size()) return 0;
  return std::exp(logits[static_cast<size_t>(token)] - log_sum_exp(logits));
}

int32_t draw(std::span<const float> logits, double temperature, double uniform) {
  const auto scale = static_cast<float>(1 / temperature);
  const float shift = -largest(logits) * scale;
  std::array<float, kBlock> weights;
  double total = 0;
  for_each_block(logits, [&](size_t, std::span<const float> block) {
    total += exp_block(block, scale, shift, weights);
  });
  const double wanted = uniform * total;
  double sum = 0;
  int32_t drawn = -1;
  bool passed = false;
  for_each_block(logits, [&](size_t first, std::span<const float> block) {
    if (passed) return;
    const float block_sum = exp_block(block, scale, shift, weights);
    // Rounding may take the sum of the last block below what is wanted: then its last token is it.
    const bool is_last = first + block.size() == logits.size();
    if (sum + block_sum <= wanted && !is_last) {
      sum += block_sum;
      return;
    }
    for (size_t i = 0; i < block.size() && !passed; ++i) {
      if (weights[i] <= 0) continue;
      drawn = static_cast<int32_t>(first + i);
      sum += weights[i];
      passed = sum > wanted;
    }
  });
  return drawn >= 0 ? drawn : arg_max(logits);
}

}  // namespace escuta::generate
