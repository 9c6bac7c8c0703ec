// QLinearMatMul (ai.onnx 10, 21): the product of quantised matrices, quantised.
//
// Integers are summed exactly (modulo 2^32), 8-bit floating point in float. Inputs: a, its scale,
// its zero point, b, its scale, its zero point, the result's scale, its zero point.
#include "ops/quantization.h"
#include "ops/quantized_product.h"

namespace escuta::ops {
namespace {

bool is_float8(DType dtype) { return is_small_float(dtype) && dtype_bits(dtype) == 8; }

struct Scales {
  const float* values = nullptr;
  LineSteps steps;
};

// Input i: scales of `lines` rows or columns in each of `matrices`.
Result<Scales> read_scales(Call& call, size_t i, int64_t lines, int64_t matrices) {
  const Datum& src = call.input(i);
  Scales scales;
  ASSIGN_OR_RETURN(scales.steps, LineSteps::create(src.shape(), lines, matrices));
  ASSIGN_OR_RETURN(float* values, call.scratch_of<float>(src.count()));
  RETURN_IF_ERROR(load_elements(src.dtype(), src.bytes(), 0, src.count(), values));
  scales.values = values;
  return scales;
}

struct Target {
  DType dtype;
  float scale;
  float zero;
};

// dst[i] = value / scale + zero, rounded and saturated.
void store(double value, const Target& target, std::byte* dst) {
  if (is_float8(target.dtype)) {
    *dst = std::byte{to_small_float(target.dtype, value + target.zero, true)};
    return;
  }
  const auto [low, high] = integer_range(target.dtype);
  const double sum = std::nearbyint(value) + target.zero;
  const double clipped = sum > low ? std::min<double>(sum, high) : low;
  *dst = static_cast<std::byte>(static_cast<int32_t>(clipped));
}

// W: what products are summed in; S: what their sums are.
template <typename W, typename S>
Status run_as(Call& call, const MatMulShape& plan, const Target& target) {
  const int64_t rows = plan.rows, depth = plan.depth, columns = plan.columns;
  ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, target.dtype, plan.result));
  ASSIGN_OR_RETURN(const W* a, centred<W>(call, 0, 2, true, rows, depth));
  ASSIGN_OR_RETURN(const W* b, centred<W>(call, 3, 5, false, columns, depth));
  const auto matrices = [&](size_t i, int64_t size) {
    return size == 0 ? 1 : call.shape(i).count() / size;
  };
  ASSIGN_OR_RETURN(const Scales a_scales, read_scales(call, 1, rows, matrices(0, rows * depth)));
  ASSIGN_OR_RETURN(const Scales b_scales,
                   read_scales(call, 4, columns, matrices(3, depth * columns)));
  ASSIGN_OR_RETURN(W * sums, call.scratch_of<W>(rows * columns));
  Status status;
  plan.batch.for_each_run([&](int64_t at, int64_t count, const auto& src, const auto& steps) {
    for (int64_t m = 0; m < count && status.ok(); ++m) {
      const int64_t left = src[0] + m * steps[0], right = src[1] + m * steps[1];
      multiply(a + left * rows * depth, depth, 1, b + right * depth * columns, sums, rows, depth,
               columns);
      std::byte* to = dst + (at + m) * rows * columns;
      for (int64_t i = 0; i < rows; ++i) {
        const float a_scale = a_scales.values[a_scales.steps.at(left, i)];
        for (int64_t j = 0; j < columns; ++j) {
          const float b_scale = b_scales.values[b_scales.steps.at(right, j)];
          const float scale = a_scale * b_scale / target.scale;
          const auto sum = static_cast<double>(static_cast<S>(sums[i * columns + j]));
          store(sum * scale, target, to + i * columns + j);
        }
      }
      status = call.check_cancelled();
    }
  });
  return status;
}

Status run(Call& call) {
  const DType a = call.dtype(0), b = call.dtype(3);
  const auto is_byte = [](DType dtype) { return dtype == DType::kInt8 || dtype == DType::kUint8; };
  const bool integers = is_byte(a) && is_byte(b) && is_byte(call.dtype(7));
  if (!integers && !(is_float8(a) && is_float8(b) && is_float8(call.dtype(7)))) {
    return unimplemented("products of {} and {} as {} are not supported", dtype_name(a),
                         dtype_name(b), dtype_name(call.dtype(7)));
  }
  ASSIGN_OR_RETURN(const MatMulShape plan, MatMulShape::create(call.shape(0), call.shape(3)));
  Target target{call.dtype(7), 1, 0};
  ASSIGN_OR_RETURN(target.scale, load_scalar<float>(call.input(6), "y_scale"));
  ASSIGN_OR_RETURN(target.zero, load_scalar<float>(call.input(7), "y_zero_point"));
  return integers ? run_as<uint32_t, int32_t>(call, plan, target)
                  : run_as<float, float>(call, plan, target);
}

void infer(Inference& node) {
  node.set(0, node.dtype(7), matmul_dims(node, node.shape(0), node.shape(3)));
}

}  // namespace

extern const Operator kQLinearMatMul = {.domain = "",
                                        .name = "QLinearMatMul",
                                        .versions = {10, 21},
                                        .inputs = {8, 8},
                                        .infer = infer,
                                        .create = make_function<run>,
                                        .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
