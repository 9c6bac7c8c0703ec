// Quantisation, and operators on quantised tensors.
#include <cmath>

#include "draws.h"

namespace escuta::fuzz {
namespace {

constexpr Range kAllBytes = {-100, 200};

Made bytes(Builder& b, DType dtype, const Dims& dims) {
  return b.fresh(dtype, dims, dtype == DType::kUint8 ? Range{0, 255} : Range{-128, 127});
}
std::string zero_of(Builder& b, DType dtype, const Dims& dims = {}) {
  return b
      .constant(
          b.random_datum(dtype, dims, dtype == DType::kUint8 ? Range{100, 150} : Range{-5, 5}))
      .name;
}
std::string scale_of(Builder& b, const Dims& dims = {}, DType dtype = DType::kFloat) {
  return b.constant(b.random_datum(dtype, dims, {0.01, 0.1})).name;
}

}  // namespace

bool quantize(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 3, {-10, 10});
  const DType to = b.one_of(kBytes);
  const bool each = e.domain.empty() && b.opset() >= 13 && b.coin();
  const int axis = b.pick(x.rank());
  const Dims dims = each ? Dims{x.dims()[static_cast<size_t>(axis)]} : Dims{};
  std::vector<std::string> inputs = {x.name, scale_of(b, dims, x.dtype()), zero_of(b, to, dims)};
  return emit(b, e, inputs, each ? Attributes{attr("axis", axis)} : Attributes{});
}

bool dequantize(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 1, 3, kAllBytes);
  const bool each = e.domain.empty() && b.opset() >= 13 && b.coin();
  const int axis = b.pick(x.rank());
  const Dims dims = each ? Dims{x.dims()[static_cast<size_t>(axis)]} : Dims{};
  std::vector<std::string> inputs = {x.name, scale_of(b, dims)};
  if (b.coin()) inputs.push_back(zero_of(b, x.dtype(), dims));
  return emit(b, e, inputs, each ? Attributes{attr("axis", axis)} : Attributes{});
}

bool dynamic_quantize(Builder& b, const Entry& e) {
  return emit(b, e, {b.filled(e.types, 1, 3, {-50, 50}).name}, {}, 3);
}

bool matmul_integer(Builder& b, const Entry& e) {
  const DType at = b.one_of(e.types), wt = b.one_of(kBytes);
  const int64_t k = 1 + b.pick(20), n = 1 + b.pick(9);
  Dims dims = b.some_dims(1, 2, 4);
  dims.push_back(k);
  std::vector<std::string> inputs = {bytes(b, at, dims).name, bytes(b, wt, {k, n}).name};
  if (b.coin()) {
    inputs.push_back(zero_of(b, at));
    if (b.coin()) inputs.push_back(zero_of(b, wt, b.coin() ? Dims{} : Dims{n}));
  }
  return emit(b, e, inputs);
}

bool conv_integer(Builder& b, const Entry& e) {
  const int64_t channels = 1 + b.pick(3), out = 1 + b.pick(3), kernel = 1 + b.pick(3);
  const DType wt = DType::kUint8;
  std::vector<std::string> inputs = {bytes(b, DType::kUint8, {1 + b.pick(2), channels, 4, 5}).name,
                                     bytes(b, wt, {out, channels, kernel, kernel}).name};
  if (b.coin()) {
    inputs.push_back(zero_of(b, DType::kUint8));
    if (b.coin()) inputs.push_back(zero_of(b, wt));
  }
  return emit(b, e, inputs, {attr("pads", Dims{1, 0, 0, 1}), attr("strides", Dims{1, 2})});
}

bool qlinear_matmul(Builder& b, const Entry& e) {
  const DType at = b.one_of(e.types), wt = at == DType::kInt8 ? at : b.one_of(kBytes);
  const int64_t k = 1 + b.pick(12), n = 1 + b.pick(6), m = 1 + b.pick(4);
  const bool each = b.coin();
  const Dims columns = each ? Dims{n} : Dims{};
  return emit(
      b, e,
      {bytes(b, at, {m, k}).name, scale_of(b), zero_of(b, at), bytes(b, wt, {k, n}).name,
       scale_of(b, columns), zero_of(b, wt, columns), b.number(b.real(0.1, 0.9)), zero_of(b, at)});
}

bool qlinear_conv(Builder& b, const Entry& e) {
  const int64_t channels = 1 + b.pick(4), out = 1 + b.pick(4), kernel = 1 + b.pick(3);
  const DType at = b.one_of(e.types), wt = at == DType::kInt8 ? at : b.one_of(kBytes);
  const bool each = b.coin() && wt == DType::kInt8;
  const Dims rows = each ? Dims{out} : Dims{};
  const std::string zeros =
      b.constant(b.datum_of(wt, rows,
                            std::vector<double>(each ? static_cast<size_t>(out) : 1,
                                                wt == DType::kInt8 ? 0 : 128)))
          .name;
  std::vector<std::string> inputs = {bytes(b, at, {1 + b.pick(2), channels, 6}).name,
                                     scale_of(b),
                                     zero_of(b, at),
                                     bytes(b, wt, {out, channels, kernel}).name,
                                     scale_of(b, rows),
                                     zeros,
                                     b.number(b.real(0.1, 0.9)),
                                     zero_of(b, at)};
  if (b.coin()) inputs.push_back(b.fresh(DType::kInt32, {out}, {-500, 500}).name);
  return emit(b, e, inputs, {attr("strides", Dims{1 + b.pick(2)}), attr("pads", Dims{1, 0})});
}

bool qlinear_binary(Builder& b, const Entry& e) {
  const DType t = b.one_of(e.types);
  const Dims dims = b.some_dims(1, 3);
  Dims other = dims;
  if (b.coin()) other.erase(other.begin());
  return emit(b, e,
              {bytes(b, t, dims).name, scale_of(b), zero_of(b, t), bytes(b, t, other).name,
               scale_of(b), zero_of(b, t), b.number(b.real(0.05, 0.2)), zero_of(b, t)});
}

bool qlinear_unary(Builder& b, const Entry& e) {
  const DType t = b.one_of(e.types);
  const Dims dims =
      e.op == "QLinearGlobalAveragePool" ? Dims{1, 1 + b.pick(3), 3, 4} : b.some_dims(1, 3);
  if (product(dims) == 0) return false;
  std::vector<std::string> inputs = {bytes(b, t, dims).name, scale_of(b), zero_of(b, t),
                                     b.number(b.real(0.01, 0.1)), zero_of(b, t)};
  Attributes attributes;
  if (e.op == "QLinearSoftmax") attributes = {attr("axis", -1), attr("opset", 13)};
  if (e.op == "QLinearLeakyRelu") attributes = {attr("alpha", 0.2)};
  return emit(b, e, inputs, attributes);
}

bool matmul_integer_to_float(Builder& b, const Entry& e) {
  const DType at = b.one_of(e.types), wt = b.one_of(kBytes);
  const int64_t k = 1 + b.pick(20), n = 1 + b.pick(9);
  const Dims columns = b.coin() ? Dims{} : Dims{n};
  std::vector<std::string> inputs = {bytes(b, at, {1 + b.pick(3), k}).name,
                                     bytes(b, wt, {k, n}).name, scale_of(b), scale_of(b, columns)};
  if (b.coin()) {
    inputs.push_back(zero_of(b, at));
    inputs.push_back(zero_of(b, wt, columns));
    if (b.coin()) inputs.push_back(b.fresh(DType::kFloat, {n}).name);
  }
  return emit(b, e, inputs);
}

// One step of the quantised input more or less is as right: the tolerance has one.
bool dynamic_quantize_matmul(Builder& b, const Entry& e) {
  const Made x = b.filled(e.types, 2, 3, {-10, 10});
  if (x.error != 0) return false;
  const int64_t k = x.dims().back(), n = 1 + b.pick(9);
  const DType wt = b.one_of(kBytes);
  const Dims columns = b.coin() ? Dims{} : Dims{n};
  std::vector<std::string> inputs = {x.name, bytes(b, wt, {k, n}).name, scale_of(b, columns)};
  if (b.coin()) inputs.push_back(zero_of(b, wt, columns));
  return emit(b, e, inputs);
}

bool matmul_n_bits(Builder& b, const Entry& e) {
  const int64_t k = 1 + b.pick(70), n = 1 + b.pick(9), block = b.one_of({16, 32});
  const int64_t bits = b.one_of({4, 4, 8}), blocks = (k + block - 1) / block;
  Dims dims = b.some_dims(1, 2, 4);
  dims.push_back(k);
  if (product(dims) == 0) return false;
  const Made x = b.like(DType::kFloat, dims);
  const Made w = b.constant(DType::kUint8, {n, blocks, block * bits / 8}, {0, 255});
  const Made scales = b.constant(DType::kFloat, {n * blocks}, {0.05, 0.2});
  std::vector<std::string> inputs = {x.name, w.name, scales.name};
  if (b.coin()) {
    inputs.push_back(b.constant(DType::kUint8, {n * ((blocks * bits + 7) / 8)}, {0, 255}).name);
  }
  return emit(b, e, inputs,
              {attr("K", k), attr("N", n), attr("bits", bits), attr("block_size", block)});
}

}  // namespace escuta::fuzz
