#include "ops/loss.h"

#include "ops/check_input.h"

namespace escuta::ops {

LossRule::LossRule(const NodeInfo& node)
    : ignores_(node.has("ignore_index")), ignored_(node.integer("ignore_index", 0)) {
  const std::string reduction = node.text("reduction", "mean");
  if (reduction == "none") {
    reduction_ = Reduction::kNone;
  } else if (reduction == "sum") {
    reduction_ = Reduction::kSum;
  } else if (reduction != "mean") {
    node.fail(invalid_argument("reduction: expected none, sum or mean, found {}", reduction));
  }
}

Status LossRule::check(const Call& call) const {
  const Shape& scores = call.shape(0);
  const Shape& targets = call.shape(1);
  bool fits = scores.rank() >= 2 && targets.rank() == scores.rank() - 1;
  for (int i = 0; fits && i < targets.rank(); ++i) {
    fits = targets[i] == scores[i == 0 ? 0 : i + 1];
  }
  if (!fits) {
    return invalid_argument("expected scores [N, C, D...] and labels [N, D...], found {} and {}",
                            scores.to_string(), targets.to_string());
  }
  if (!call.has(2)) return {};
  RETURN_IF_ERROR(check_dtype(call, 2, call.dtype(0)));
  return check_shape(call, 2, Shape{scores[1]});
}

template <typename T>
Status LossRule::run(Call& call, const T* log_probabilities) const {
  const Shape& scores = call.shape(0);
  const Shape& targets = call.shape(1);
  const int64_t classes = scores[1];
  int64_t inner = 1;
  for (int i = 2; i < scores.rank(); ++i) inner *= scores[i];
  const T* weights = call.has(2) ? call.input(2).as<T>().data() : nullptr;
  const bool each = reduction_ == Reduction::kNone;
  ASSIGN_OR_RETURN(T * dst, call.output<T>(0, each ? targets : Shape()));
  double sum = 0, weight_sum = 0;
  const auto loop = [&](auto tag) -> Status {
    const auto labels = call.input(1).as<decltype(tag)>();
    for (int64_t at = 0; at < targets.count(); ++at) {
      const int64_t label = labels[static_cast<size_t>(at)];
      double loss = 0, weight = 0;
      if (!ignores_ || label != ignored_) {
        if (label < 0 || label >= classes) {
          return invalid_argument("expected labels from 0 to {}, found {}", classes - 1, label);
        }
        const int64_t from = (at / inner * classes + label) * inner + at % inner;
        weight = weights == nullptr ? 1 : static_cast<double>(weights[label]);
        loss = -static_cast<double>(log_probabilities[from]) * weight;
      }
      if (each) dst[at] = static_cast<T>(static_cast<Wide<T>>(loss));
      sum += loss;
      weight_sum += weight;
    }
    return {};
  };
  RETURN_IF_ERROR(dispatch(Types<int32_t, int64_t>{}, call.dtype(1), loop));
  if (each) return {};
  const double result = reduction_ == Reduction::kSum ? sum : sum / weight_sum;
  *dst = static_cast<T>(static_cast<Wide<T>>(result));
  return {};
}

template Status LossRule::run(Call&, const float*) const;
template Status LossRule::run(Call&, const double*) const;
template Status LossRule::run(Call&, const Float16*) const;
template Status LossRule::run(Call&, const BFloat16*) const;

void infer_loss(Inference& node) {
  const bool each = node.text("reduction", "mean") == "none";
  node.set(0, node.dtype(0), each ? node.shape(1) : std::optional<Dims>(Dims{}));
}

}  // namespace escuta::ops
