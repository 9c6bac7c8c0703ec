#include "ops/microsoft/fused_activation.h"

#include <algorithm>
#include <cmath>

#include "ops/microsoft/gelu.h"

namespace escuta::ops {
namespace {

struct Entry {
  std::string_view name;
  float alpha, beta;  // defaults; selu's beta is the attribute gamma
  double (*function)(double x, double alpha, double beta);
};

double elu(double x, double alpha) { return x > 0 ? x : alpha * std::expm1(x); }

constexpr Entry kEntries[] = {
    {"Relu", 0, 0, [](double x, double, double) { return std::max(x, 0.0); }},
    {"Tanh", 0, 0, [](double x, double, double) { return std::tanh(x); }},
    {"Sigmoid", 0, 0, [](double x, double, double) { return 1 / (1 + std::exp(-x)); }},
    {"LeakyRelu", 0.01f, 0, [](double x, double a, double) { return x >= 0 ? x : a * x; }},
    {"ThresholdedRelu", 1, 0, [](double x, double a, double) { return x > a ? x : 0; }},
    {"HardSigmoid", 0.2f, 0.5f,
     [](double x, double a, double b) { return std::clamp(a * x + b, 0.0, 1.0); }},
    {"Elu", 1, 0, [](double x, double a, double) { return elu(x, a); }},
    {"Selu", 1.67326319217681884765625f, 1.05070102214813232421875f,
     [](double x, double a, double b) { return b * elu(x, a); }},
    {"Softplus", 0, 0,
     [](double x, double, double) {
       return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
     }},
    {"Softsign", 0, 0, [](double x, double, double) { return x / (1 + std::abs(x)); }},
    {"Affine", 1, 0, [](double x, double a, double b) { return a * x + b; }},
    {"ScaledTanh", 1, 1, [](double x, double a, double b) { return a * std::tanh(b * x); }},
    {"Gelu", 0, 0, [](double x, double, double) { return gelu(x); }},
};

}  // namespace

FusedActivation::FusedActivation(const NodeInfo& node) {
  const std::string name = node.text("activation", "");
  if (name.empty()) return;
  const auto* found = std::ranges::find(kEntries, name, &Entry::name);
  if (found == std::end(kEntries)) {
    node.fail(unimplemented("activation {} is not known here", name));
    return;
  }
  function_ = found->function;
  alpha_ = node.number("activation_alpha", found->alpha);
  beta_ = node.number(name == "Selu" ? "activation_gamma" : "activation_beta", found->beta);
}

}  // namespace escuta::ops
