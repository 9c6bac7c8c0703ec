// MatMulNBits of 4 bits in f32: a few rows over kernels/gemm_int4, which reads the weights as they
// are; many rows over kernels/gemm, on weights that are made floats once a call.
#include "kernels/gemm.h"
#include "kernels/gemm_int4.h"
#include "providers/cpu/kernels.h"
#include "providers/cpu/rows.h"

namespace escuta::cpu {
namespace {

constexpr int64_t kManyRows = 24;

class MatMulNBits final : public ops::Kernel {
 public:
  explicit MatMulNBits(const ops::NodeInfo& node)
      : k_(node.integer("K", 0)), n_(node.integer("N", 0)), block_(node.integer("block_size", 0)) {}

  // Whether the operator would take the attributes.
  bool sound() const {
    constexpr int64_t kMax = int64_t{1} << 31;
    return k_ > 0 && n_ > 0 && k_ < kMax && n_ < kMax && block_ >= 16 && block_ < kMax &&
           (block_ & (block_ - 1)) == 0;
  }

  Status run(ops::Call& call) const override {
    RETURN_IF_ERROR(check(call));
    const Shape& a = call.shape(0);
    std::array<int64_t, kMaxRank> dims{};
    std::copy(a.dims().begin(), a.dims().end(), dims.begin());
    dims[static_cast<size_t>(a.rank()) - 1] = n_;
    ASSIGN_OR_RETURN(const Shape shape,
                     Shape::create({dims.data(), static_cast<size_t>(a.rank())}));
    ASSIGN_OR_RETURN(float* dst, call.output<float>(0, shape));
    if (shape.count() == 0) return {};
    kernels::GemmInt4 gemm;
    gemm.m = shape.count() / n_;
    gemm.n = gemm.ldc = n_;
    gemm.k = gemm.lda = k_;
    gemm.a = call.input(0).as<float>().data();
    gemm.block = block_;
    gemm.b = reinterpret_cast<const unsigned char*>(call.input(1).bytes());
    gemm.scale = call.input(2).as<float>().data();
    if (call.has(3)) gemm.zero = reinterpret_cast<const unsigned char*>(call.input(3).bytes());
    if (call.has(5)) gemm.bias = call.input(5).as<float>().data();
    gemm.c = dst;
    if (gemm.m >= kManyRows) return run_floats(call, gemm);
    ASSIGN_OR_RETURN(std::byte * scratch,
                     call.scratch(kernels::gemm_int4_scratch_bytes(gemm, call.threads())));
    kernels::run_gemm_int4(gemm, scratch, call.threads());
    return {};
  }

 private:
  int64_t blocks() const { return (k_ + block_ - 1) / block_; }

  Status check(const ops::Call& call) const {
    const Shape& a = call.shape(0);
    if (call.dtype(0) != DType::kFloat || a.rank() == 0 || a[a.rank() - 1] != k_) {
      return invalid_argument("expected float A with a last dimension of {}, found {} {}", k_,
                              dtype_name(call.dtype(0)), a.to_string());
    }
    const struct {
      size_t input;
      DType dtype;
      int64_t count;
    } expected[] = {{1, DType::kUint8, n_ * blocks() * (block_ / 2)},
                    {2, DType::kFloat, n_ * blocks()},
                    {3, DType::kUint8, n_ * ((blocks() + 1) / 2)},
                    {5, DType::kFloat, n_}};
    for (const auto& [i, dtype, count] : expected) {
      if (i > 2 && !call.has(i)) continue;
      if (call.dtype(i) == dtype && call.input(i).count() == count) continue;
      return invalid_argument("expected {} {} in input {}, found {} {}", count, dtype_name(dtype),
                              i, dtype_name(call.dtype(i)), call.shape(i).to_string());
    }
    return {};
  }

  // dst [k]: column `column` of the weights.
  void dequantize(const kernels::GemmInt4& gemm, int64_t column, float* dst) const {
    const int64_t count = blocks();
    const unsigned char* bytes = gemm.b + column * count * (block_ / 2);
    const unsigned char* zeros =
        gemm.zero == nullptr ? nullptr : gemm.zero + column * ((count + 1) / 2);
    for (int64_t block = 0; block < count; ++block, bytes += block_ / 2) {
      const float scale = gemm.scale[column * count + block];
      const int zero = zeros == nullptr ? 8 : zeros[block / 2] >> (block % 2 * 4) & 15;
      float values[16];
      for (int i = 0; i < 16; ++i) values[i] = static_cast<float>(i - zero) * scale;
      const int64_t first = block * block_, end = std::min(first + block_, k_);
      for (int64_t k = first; k < end; ++k) {
        dst[k] = values[bytes[(k - first) / 2] >> ((k - first) % 2 * 4) & 15];
      }
    }
  }

  Status run_floats(ops::Call& call, const kernels::GemmInt4& int4) const {
    ASSIGN_OR_RETURN(float* weights, call.scratch_of<float>(k_ * n_));
    for_parts(call, n_, 16384 / k_ + 1, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) dequantize(int4, n, weights + n * k_);
    });
    kernels::Gemm gemm;
    gemm.m = int4.m;
    gemm.n = gemm.ldc = n_;
    gemm.k = gemm.lda = gemm.ldb = k_;
    gemm.a = int4.a;
    gemm.b = weights;
    gemm.transpose_b = true;
    gemm.bias = int4.bias;
    gemm.c = int4.c;
    ASSIGN_OR_RETURN(std::byte * scratch,
                     call.scratch(kernels::gemm_scratch_bytes(gemm, call.threads())));
    kernels::run_gemm(gemm, scratch, call.threads());
    return {};
  }

  int64_t k_, n_, block_;
};

}  // namespace

Result<engine::ChosenKernel> matmul_n_bits(const KernelContext&, const ops::NodeInfo& node) {
  RETURN_IF_ERROR(require_dtype(node, 0, DType::kFloat));
  RETURN_IF_ERROR(require_dtype(node, 2, DType::kFloat));
  if (node.has_input(3)) RETURN_IF_ERROR(require_dtype(node, 3, DType::kUint8));
  if (node.has_input(4)) return unimplemented("groups by index");
  if (node.integer("bits", 4) != 4) return unimplemented("other weights than of 4 bits");
  if (node.integer("weight_prepacked", 0) != 0) return unimplemented("prepacked weights");
  auto kernel = std::make_unique<MatMulNBits>(node);
  RETURN_IF_ERROR(node.status());
  if (!kernel->sound()) return unimplemented("K, N or block_size out of range");
  engine::ChosenKernel chosen;
  chosen.kernel = std::move(kernel);
  return chosen;
}

}  // namespace escuta::cpu
