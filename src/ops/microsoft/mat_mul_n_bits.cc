// MatMulNBits (com.microsoft 1): A times weights of 2, 4 or 8 bits, quantised in blocks along the
// depth: weight = (q - zero point) * scale of its block.
#include <algorithm>

#include "ops/dispatch.h"
#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum Inputs : size_t { kA, kB, kScales, kZeroPoints, kGroups, kBias };

// Number i of a row of packed ones, lowest bits first.
int packed_number(const uint8_t* row, int64_t i, int bits) {
  const int per_byte = 8 / bits;
  return row[i / per_byte] >> (i % per_byte * bits) & ((1 << bits) - 1);
}

class MatMulNBits final : public Kernel {
 public:
  explicit MatMulNBits(const NodeInfo& node)
      : depth_(node.integer("K", 0)),
        cols_(node.integer("N", 0)),
        bits_(static_cast<int>(node.integer("bits", 4))),
        block_(node.integer("block_size", 0)) {
    if (depth_ <= 0 || cols_ <= 0 || depth_ > kMaxCount || cols_ > kMaxCount) {
      node.fail(invalid_argument("expected K and N from 1 to {}, found {} and {}", kMaxCount,
                                 depth_, cols_));
    } else if (block_ < 16 || block_ > kMaxCount || (block_ & (block_ - 1)) != 0) {
      node.fail(invalid_argument(
          "expected a block_size that is a power of two from 16 on, found {}", block_));
    } else if (bits_ != 2 && bits_ != 4 && bits_ != 8) {
      node.fail(unimplemented("expected weights of 2, 4 or 8 bits, found {}", bits_));
    } else if (node.integer("weight_prepacked", 0) != 0) {
      node.fail(unimplemented("weights that are packed for one device (weight_prepacked)"));
    } else {
      blocks_ = (depth_ + block_ - 1) / block_;
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check(call));
    const Shape& shape = call.shape(kA);
    std::array<int64_t, kMaxRank> dims{};
    std::copy(shape.dims().begin(), shape.dims().end(), dims.begin());
    const auto rank = static_cast<size_t>(shape.rank());
    dims[rank - 1] = cols_;
    ASSIGN_OR_RETURN(const Shape result, Shape::create({dims.data(), rank}));
    ASSIGN_OR_RETURN(const float* a, floats(call, kA));
    ASSIGN_OR_RETURN(const float* scales, floats(call, kScales));
    const bool packed_zeros = call.dtype(kZeroPoints) == DType::kUint8;
    const float* zeros = nullptr;
    if (call.has(kZeroPoints) && !packed_zeros) {
      ASSIGN_OR_RETURN(zeros, floats(call, kZeroPoints));
    }
    ASSIGN_OR_RETURN(const float* bias, floats(call, kBias));
    ASSIGN_OR_RETURN(const FloatOutput output,
                     FloatOutput::create(call, 0, call.dtype(kA), result));
    ASSIGN_OR_RETURN(float* weights, call.scratch_of<float>(depth_));
    ASSIGN_OR_RETURN(float* zero_row, call.scratch_of<float>(blocks_));
    const int64_t rows = result.count() / cols_;
    for (int64_t n = 0; n < cols_ && rows > 0; ++n) {
      for (int64_t b = 0; b < blocks_; ++b) {
        zero_row[b] = zeros != nullptr ? zeros[n * blocks_ + b] : zero_point(call, n, b);
      }
      RETURN_IF_ERROR(dequantize(call, n, scales + n * blocks_, zero_row, weights));
      for (int64_t m = 0; m < rows; ++m) {
        output.data()[m * cols_ + n] =
            dot(a + m * depth_, weights) + (bias != nullptr ? bias[n] : 0);
      }
    }
    output.store();
    return {};
  }

 private:
  Status check(const Call& call) const {
    RETURN_IF_ERROR(check_tensors(call, 3));
    const Shape& shape = call.shape(kA);
    if (shape.rank() == 0 || shape[shape.rank() - 1] != depth_) {
      return invalid_argument("expected A with a last dimension of {}, found {}", depth_,
                              shape.to_string());
    }
    RETURN_IF_ERROR(elements<uint8_t>(call, kB).status());
    RETURN_IF_ERROR(expect_count(call, kB, {cols_, blocks_, block_ * bits_ / 8}));
    RETURN_IF_ERROR(expect_count(call, kScales, {cols_, blocks_, 1}));
    if (call.has(kZeroPoints)) {
      const bool packed = call.dtype(kZeroPoints) == DType::kUint8;
      RETURN_IF_ERROR(expect_count(call, kZeroPoints,
                                   {cols_, packed ? (blocks_ * bits_ + 7) / 8 : blocks_, 1}));
    }
    if (call.has(kGroups)) {
      ASSIGN_OR_RETURN(const auto groups, elements<int32_t>(call, kGroups));
      if (static_cast<int64_t>(groups.size()) < depth_) {
        return invalid_argument("expected g_idx of {} elements, found {}", depth_, groups.size());
      }
    }
    if (call.has(kBias)) RETURN_IF_ERROR(expect_shape(call, kBias, "bias", {cols_}));
    return {};
  }

  // Input i has as many elements as dims; their shape may be flattened.
  static Status expect_count(const Call& call, size_t i, const std::array<int64_t, 3>& dims) {
    ASSIGN_OR_RETURN(const Shape shape, Shape::create(dims));
    if (call.input(i).count() == shape.count()) return {};
    return invalid_argument("expected {} elements in input {}, found shape {}", shape.to_string(),
                            i, call.shape(i).to_string());
  }

  float zero_point(const Call& call, int64_t n, int64_t block) const {
    if (!call.has(kZeroPoints)) return static_cast<float>(1 << (bits_ - 1));
    const uint8_t* row =
        call.input(kZeroPoints).as<uint8_t>().data() + n * ((blocks_ * bits_ + 7) / 8);
    return static_cast<float>(packed_number(row, block, bits_));
  }

  // dst [K]: column n of the weights.
  Status dequantize(const Call& call, int64_t n, const float* scales, const float* zeros,
                    float* dst) const {
    const uint8_t* row = call.input(kB).as<uint8_t>().data() + n * blocks_ * (block_ * bits_ / 8);
    if (!call.has(kGroups)) {
      for (int64_t k = 0; k < depth_; ++k) {
        const auto q = static_cast<float>(packed_number(row, k, bits_));
        dst[k] = (q - zeros[k / block_]) * scales[k / block_];
      }
      return {};
    }
    const auto groups = call.input(kGroups).as<int32_t>();
    for (int64_t k = 0; k < depth_; ++k) {
      const int32_t group = groups[static_cast<size_t>(k)];
      if (group < 0 || group >= blocks_) {
        return out_of_range("expected groups from 0 to {}, found {}", blocks_ - 1, group);
      }
      const auto q = static_cast<float>(packed_number(row, k, bits_));
      dst[k] = (q - zeros[group]) * scales[group];
    }
    return {};
  }

  float dot(const float* a, const float* b) const {
    float sums[4] = {};  // independent, so that additions overlap
    int64_t k = 0;
    for (; k + 4 <= depth_; k += 4) {
      for (int lane = 0; lane < 4; ++lane) sums[lane] += a[k + lane] * b[k + lane];
    }
    for (; k < depth_; ++k) sums[0] += a[k] * b[k];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }

  int64_t depth_, cols_;
  int bits_;
  int64_t block_, blocks_ = 0;
};

void infer(Inference& node) {
  std::optional<Dims> dims = node.shape(kA);
  const int64_t cols = node.integer("N", 0);
  if (dims && !dims->empty() && cols > 0) {
    dims->back() = Dim(cols);
  } else {
    dims.reset();
  }
  node.set(0, node.dtype(kA), std::move(dims));
}

}  // namespace

extern const Operator kMsMatMulNBits = {.domain = "com.microsoft",
                                        .name = "MatMulNBits",
                                        .versions = {1},
                                        .inputs = {3, 6},
                                        .infer = infer,
                                        .create = make<MatMulNBits>,
                                        .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
