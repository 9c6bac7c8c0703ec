#include "ops/recurrent.h"

#include <cmath>

namespace escuta::ops {
namespace {

// alpha and beta are read in order by the functions that have such a parameter.
std::vector<Activation> read_activations(const NodeInfo& node, size_t count,
                                         std::span<const Activation::Kind> defaults) {
  std::vector<Activation> result;
  const std::vector<std::string> names = node.texts("activations");
  if (names.empty()) {
    for (size_t i = 0; i < count; ++i) {
      result.push_back({.kind = defaults[i % defaults.size()]});
    }
    return result;
  }
  if (names.size() != count) {
    node.fail(invalid_argument("attribute `activations`: expected {} names, found {}", count,
                               names.size()));
  }
  const std::vector<float> alphas = node.numbers("activation_alpha");
  const std::vector<float> betas = node.numbers("activation_beta");
  size_t alpha = 0, beta = 0;
  for (const std::string& name : names) {
    const NamedActivation* named = find_activation(name);
    if (named == nullptr) {
      node.fail(
          invalid_argument("attribute `activations`: found {}, which is none of ONNX's", name));
      continue;
    }
    Activation activation = named->activation;
    if (named->has_alpha && alpha < alphas.size()) activation.alpha = alphas[alpha++];
    if (named->has_beta && beta < betas.size()) activation.beta = betas[beta++];
    result.push_back(activation);
  }
  return result;
}

// InvalidArgument unless input i is absent or has these dimensions.
Status check_dims(const Call& call, size_t i, std::initializer_list<int64_t> dims) {
  if (!call.has(i)) return {};
  const std::span<const int64_t> found = call.shape(i).dims();
  if (call.input(i).is_tensor() && std::ranges::equal(found, dims)) return {};
  ASSIGN_OR_RETURN(const Shape expected, Shape::create(std::span(dims.begin(), dims.size())));
  return invalid_argument("input {}: expected shape {}, found {}", i, expected.to_string(),
                          call.shape(i).to_string());
}

Status check_lengths(const Call& call, const RecurrentSizes& sizes) {
  if (!call.has(4)) return {};
  RETURN_IF_ERROR(check_dtype(call, 4, DType::kInt32));
  RETURN_IF_ERROR(check_dims(call, 4, {sizes.batch}));
  for (const int32_t length : call.input(4).as<int32_t>()) {
    if (length >= 0 && length <= sizes.steps) continue;
    return invalid_argument("expected sequence_lens from 0 to {}, found {}", sizes.steps, length);
  }
  return {};
}

}  // namespace

RecurrentAttributes::RecurrentAttributes(const NodeInfo& node,
                                         std::span<const Activation::Kind> defaults)
    : batchwise(node.integer("layout", 0) != 0),
      hidden_size(node.integer("hidden_size", 0)),
      clip(node.number("clip", 0)),
      functions(defaults.size()) {
  const std::string direction = node.text("direction", "forward");
  if (direction == "bidirectional") {
    directions = 2;
  } else if (direction == "reverse") {
    reverse = true;
  } else if (direction != "forward") {
    node.fail(invalid_argument(
        "attribute `direction`: expected forward, reverse or bidirectional, found {}", direction));
  }
  if (hidden_size < 0 || !(clip >= 0)) {
    node.fail(invalid_argument("attributes hidden_size and clip: found {} and {}, less than 0",
                               hidden_size, clip));
  }
  activations = read_activations(node, functions * static_cast<size_t>(directions), defaults);
}

void infer_recurrent(Inference& node, bool cell, size_t r_hidden) {
  const std::string direction = node.text("direction", "forward");
  const Dim directions(int64_t{direction == "bidirectional" ? 2 : 1});
  const bool batchwise = node.integer("layout", 0) != 0;
  Dim steps, batch, hidden;
  if (const auto& x = node.shape(0)) {
    if (x->size() != 3) {
      node.fail(invalid_argument("expected an input of 3 dimensions, found {}", x->size()));
      return;
    }
    steps = (*x)[batchwise ? 1 : 0];
    batch = (*x)[batchwise ? 0 : 1];
  }
  const auto& r = node.shape(2);
  if (const int64_t size = node.integer("hidden_size", 0); size > 0) {
    hidden = Dim(size);
  } else if (r && r->size() == 3) {
    hidden = (*r)[r_hidden];
  }
  const DType dtype = node.dtype(0);
  node.set(
      0, dtype,
      batchwise ? Dims{batch, steps, directions, hidden} : Dims{steps, directions, batch, hidden});
  const Dims state = batchwise ? Dims{batch, directions, hidden} : Dims{directions, batch, hidden};
  node.set(1, dtype, state);
  if (cell) node.set(2, dtype, state);
}

Result<RecurrentSizes> recurrent_sizes(const Call& call, const RecurrentAttributes& attributes,
                                       int64_t gates, bool cell, bool transposed) {
  for (const size_t i : {0, 1, 2}) RETURN_IF_ERROR(check_rank(call, i, 3));
  const bool batchwise = attributes.batchwise;
  const RecurrentSizes sizes{.steps = call.shape(0)[batchwise ? 1 : 0],
                             .batch = call.shape(0)[batchwise ? 0 : 1],
                             .input = call.shape(0)[2],
                             .hidden = call.shape(2)[transposed ? 1 : 2]};
  if (attributes.hidden_size != 0 && attributes.hidden_size != sizes.hidden) {
    return invalid_argument("attribute `hidden_size`: expected {} as in R, found {}", sizes.hidden,
                            attributes.hidden_size);
  }
  constexpr int64_t kMax = int64_t{1} << 40;  // so that small multiples fit in int64
  if (sizes.hidden < 1 || sizes.input < 1 || sizes.hidden > kMax || sizes.batch > kMax ||
      sizes.input > kMax) {
    return invalid_argument("expected dimensions from 1 to {}, found input {} and R {}", kMax,
                            call.shape(0).to_string(), call.shape(2).to_string());
  }
  const int64_t n = attributes.directions;
  const int64_t rows = gates * sizes.hidden;
  if (transposed) {
    RETURN_IF_ERROR(check_dims(call, 1, {n, sizes.input, rows}));
    RETURN_IF_ERROR(check_dims(call, 2, {n, sizes.hidden, rows}));
  } else {
    RETURN_IF_ERROR(check_dims(call, 1, {n, rows, sizes.input}));
    RETURN_IF_ERROR(check_dims(call, 2, {n, rows, sizes.hidden}));
  }
  RETURN_IF_ERROR(check_dims(call, 3, {n, 2 * rows}));
  RETURN_IF_ERROR(check_lengths(call, sizes));
  for (const size_t i : {5, 6}) {
    if (i == 6 && !cell) continue;
    if (batchwise) {
      RETURN_IF_ERROR(check_dims(call, i, {sizes.batch, n, sizes.hidden}));
    } else {
      RETURN_IF_ERROR(check_dims(call, i, {n, sizes.batch, sizes.hidden}));
    }
  }
  if (cell) RETURN_IF_ERROR(check_dims(call, 7, {n, 3 * sizes.hidden}));
  return sizes;
}

template <typename A>
void add_products(const A* matrix, const A* x, int64_t rows, int64_t depth, A* out) {
  constexpr int kLanes = 16;  // independent sums: additions overlap, and are of like sizes
  for (int64_t i = 0; i < rows; ++i) {
    const A* row = matrix + i * depth;
    A sums[kLanes] = {};
    int64_t k = 0;
    for (; k + kLanes <= depth; k += kLanes) {
      for (int lane = 0; lane < kLanes; ++lane) sums[lane] += row[k + lane] * x[k + lane];
    }
    for (int lane = 0; k < depth; ++k, ++lane) sums[lane] += row[k] * x[k];
    for (int width = kLanes / 2; width > 0; width /= 2) {
      for (int lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
    }
    out[i] += sums[0];
  }
}
template void add_products(const float*, const float*, int64_t, int64_t, float*);
template void add_products(const double*, const double*, int64_t, int64_t, double*);

}  // namespace escuta::ops
