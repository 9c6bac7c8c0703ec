#include "ops/activation.h"

#include <algorithm>
#include <cctype>
#include <cmath>

namespace escuta::ops {
namespace {

using Kind = Activation::Kind;

constexpr NamedActivation kActivations[] = {
    {"relu", {Kind::kRelu}, false, false},
    {"tanh", {Kind::kTanh}, false, false},
    {"sigmoid", {Kind::kSigmoid}, false, false},
    {"affine", {Kind::kAffine, 1, 0}, true, true},
    {"leakyrelu", {Kind::kLeakyRelu, 0.01F}, true, false},
    {"thresholdedrelu", {Kind::kThresholdedRelu, 1}, true, false},
    {"scaledtanh", {Kind::kScaledTanh, 1, 1}, true, true},
    {"hardsigmoid", {Kind::kHardSigmoid, 0.2F, 0.5F}, true, true},
    {"elu", {Kind::kElu, 1}, true, false},
    {"softsign", {Kind::kSoftsign}, false, false},
    {"softplus", {Kind::kSoftplus}, false, false},
    {"clip", {Kind::kClip, -3.402823466e38F, 3.402823466e38F}, true, true},
};

bool same_letters(std::string_view name, std::string_view lower) {
  return std::ranges::equal(name, lower,
                            [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
}

template <typename A, typename F>
void map(A* x, int64_t count, F&& function) {
  for (int64_t i = 0; i < count; ++i) x[i] = function(x[i]);
}

}  // namespace

const NamedActivation* find_activation(std::string_view name) {
  for (const NamedActivation& named : kActivations) {
    if (same_letters(name, named.name)) return &named;
  }
  return nullptr;
}

template <typename A>
void Activation::apply(A* x, int64_t count) const {
  const A a = alpha;
  const A b = beta;
  switch (kind) {
    case Kind::kRelu:
      return map(x, count, [](A v) { return v > 0 ? v : A{0}; });
    case Kind::kTanh:
      return map(x, count, [](A v) { return std::tanh(v); });
    case Kind::kSigmoid:
      return map(x, count, [](A v) { return 1 / (1 + std::exp(-v)); });
    case Kind::kAffine:
      return map(x, count, [=](A v) { return a * v + b; });
    case Kind::kLeakyRelu:
      return map(x, count, [=](A v) { return v >= 0 ? v : a * v; });
    case Kind::kThresholdedRelu:
      return map(x, count, [=](A v) { return v >= a ? v : A{0}; });
    case Kind::kScaledTanh:
      return map(x, count, [=](A v) { return a * std::tanh(b * v); });
    case Kind::kHardSigmoid:
      return map(x, count, [=](A v) { return std::clamp<A>(a * v + b, 0, 1); });
    case Kind::kElu:
      return map(x, count, [=](A v) { return v >= 0 ? v : a * std::expm1(v); });
    case Kind::kSoftsign:
      return map(x, count, [](A v) { return v / (1 + std::abs(v)); });
    case Kind::kClip:
      return map(x, count, [=](A v) { return v < a ? a : v > b ? b : v; });
    case Kind::kSoftplus:
      // log(1 + e^v), without overflow
      return map(x, count,
                 [](A v) { return std::max<A>(v, 0) + std::log1p(std::exp(-std::abs(v))); });
  }
}
template void Activation::apply(float* x, int64_t count) const;
template void Activation::apply(double* x, int64_t count) const;

}  // namespace escuta::ops
