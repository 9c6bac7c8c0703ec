// Normalisations and losses.
#include "draws.h"

namespace escuta::fuzz {

bool layer_norm(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 4, {-50, 50});
  const int axis = b.coin() ? x.rank() - 1 : b.pick(x.rank());
  const Dims own = x.dims();
  const Dims dims(own.begin() + axis, own.end());
  std::vector<std::string> inputs = {x.name, b.fresh(x.dtype(), dims).name};
  if (b.coin()) inputs.push_back(b.fresh(x.dtype(), dims).name);
  return emit(b, e, inputs,
              {attr("axis", any_axis(b, axis, x.rank())), attr("epsilon", b.one_of({1e-5, 1e-2}))});
}

bool rms_norm(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 4, {-50, 50});
  const int axis = b.coin() ? x.rank() - 1 : b.pick(x.rank());
  const Dims own = x.dims();
  const Made scale = b.fresh(x.dtype(), Dims(own.begin() + axis, own.end()));
  return emit(b, e, {x.name, scale.name},
              {attr("axis", any_axis(b, axis, x.rank())), attr("epsilon", 1e-4)});
}

bool batch_norm(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 2, 4, {-50, 50});
  const Dims channels = {x.dims()[1]};
  return emit(b, e,
              {x.name, b.fresh(x.dtype(), channels).name, b.fresh(x.dtype(), channels).name,
               b.fresh(x.dtype(), channels).name, b.fresh(x.dtype(), channels, {0.5, 2}).name},
              {attr("epsilon", b.one_of({1e-5, 1e-3}))});
}

bool instance_norm(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 3, 4, {-5, 5});
  // ONNX Runtime's x * scale + (bias - mean * scale) is all rounding for one element.
  const int64_t plane = x.count() / (x.dims()[0] * x.dims()[1]);
  if (plane < 2 && b.for_ort()) return false;
  const Dims channels = {x.dims()[1]};
  return emit(b, e, {x.name, b.fresh(x.dtype(), channels).name, b.fresh(x.dtype(), channels).name},
              {attr("epsilon", 1e-3)});
}

bool group_norm(Builder& b, const Entry& e) {
  const int64_t groups = 1 + b.pick(3), channels = groups * (1 + b.pick(2));
  const Made x = b.like(b.one_of(e.types), {1 + b.pick(2), channels, 2 + b.pick(3)});
  const Dims dims = {b.opset() >= 21 ? channels : groups};
  return emit(b, e, {x.name, b.fresh(x.dtype(), dims).name, b.fresh(x.dtype(), dims).name},
              {attr("num_groups", groups), attr("epsilon", 1e-3)});
}

bool lrn(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 4, 4, {-50, 50});
  return emit(b, e, {x.name},
              {attr("size", b.one_of({1, 3, 5})), attr("alpha", b.real(0.001, 0.5)),
               attr("beta", b.real(0.3, 1)), attr("bias", b.real(0.5, 2))});
}

bool lp_norm(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 4, {-50, 50});
  return emit(b, e, {x.name},
              {attr("axis", any_axis(b, b.pick(x.rank()), x.rank())), attr("p", 1 + b.pick(2))});
}

bool mean_variance(Builder& b, const Entry& e) {
  // Of equal elements ONNX Runtime gives NaN, where rounding makes their variance negative;
  // of few that are close its variance is all rounding.
  const Made x = b.fresh(e.types[0], {2, 1 + b.pick(3), 3, 4});
  return emit(b, e, {x.name},
              b.coin() ? Attributes{} : Attributes{attr("axes", std::vector<int64_t>{1, 2, 3})});
}

bool log_likelihood_loss(Builder& b, const Entry& e) {
  const int64_t batch = 1 + b.pick(3), classes = 2 + b.pick(4);
  const bool planes = b.coin();
  const Made x = b.like(DType::kFloat, planes ? Dims{batch, classes, 3} : Dims{batch, classes});
  const Made target =
      b.constant(b.random_datum(b.one_of(kIndices), planes ? Dims{batch, 3} : Dims{batch},
                                {0, static_cast<double>(classes) - 1}));
  std::vector<std::string> inputs = {x.name, target.name};
  if (b.coin()) inputs.push_back(b.fresh(DType::kFloat, {classes}, {0.5, 2}).name);
  return emit(b, e, inputs, {attr("reduction", b.one_of<std::string>({"none", "mean", "sum"}))});
}

bool cross_entropy_loss(Builder& b, const Entry& e) { return log_likelihood_loss(b, e); }

}  // namespace escuta::fuzz
