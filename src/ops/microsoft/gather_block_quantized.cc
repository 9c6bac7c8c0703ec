// GatherBlockQuantized (com.microsoft 1): Gather from numbers of 2, 4 or 8 bits that are quantised
// in blocks along an axis: (q - zero point) * scale of its block.
#include <algorithm>

#include "ops/microsoft/inputs.h"
#include "ops/operator.h"
#include "ops/packed.h"

namespace escuta::ops {
namespace {

enum Inputs : size_t { kData, kIndices, kScales, kZeroPoints };

// A tensor as [outer, axis, inner].
struct Around {
  int64_t outer = 1, axis = 1, inner = 1;
  Around(std::span<const int64_t> dims, int64_t at) {
    for (int64_t i = 0; i < static_cast<int64_t>(dims.size()); ++i) {
      (i < at ? outer : i == at ? axis : inner) *= dims[static_cast<size_t>(i)];
    }
  }
};

class GatherBlockQuantized final : public Kernel {
 public:
  explicit GatherBlockQuantized(const NodeInfo& node)
      : gather_axis_(node.integer("gather_axis", 0)),
        quantize_axis_(node.integer("quantize_axis", 1)),
        block_(node.integer("block_size", 128)),
        bits_(static_cast<int>(node.integer("bits", 4))) {
    if (block_ < 16 || (block_ & (block_ - 1)) != 0) {
      node.fail(invalid_argument(
          "expected a block_size that is a power of two from 16 on, found {}", block_));
    }
    if (bits_ != 2 && bits_ != 4 && bits_ != 8) {
      node.fail(invalid_argument("expected 2, 4 or 8 bits, found {}", bits_));
      bits_ = 8;
    }
  }

  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 3));
    Table table;
    RETURN_IF_ERROR(read(call, table));
    const DType type = call.dtype(kIndices);
    if (type != DType::kInt32 && type != DType::kInt64) {
      return invalid_argument("expected indices of type int32 or int64, found {}",
                              dtype_name(type));
    }
    const Shape& indices = call.shape(kIndices);
    std::array<int64_t, 2 * kMaxRank> dims{};
    size_t rank = 0;
    for (int i = 0; i < table.rank; ++i) {
      if (i != table.gather) {
        dims[rank++] = table.dims[static_cast<size_t>(i)];
        continue;
      }
      for (const int64_t dim : indices.dims()) dims[rank++] = dim;
    }
    ASSIGN_OR_RETURN(const Shape shape, Shape::create({dims.data(), rank}));
    ASSIGN_OR_RETURN(const FloatOutput output,
                     FloatOutput::create(call, 0, call.dtype(kScales), shape));
    if (output.count() > 0) gather(call, table, indices.count(), output.data());
    output.store();
    return {};
  }

 private:
  // The unpacked table.
  struct Table {
    int rank = 0, gather = 0, quantize = 0;
    std::array<int64_t, kMaxRank> dims{};
    const uint8_t* data = nullptr;   // one byte each
    const uint8_t* zeros = nullptr;  // or null
    int default_zero = 0;
    bool is_signed = false;  // numbers of 4 bits in two's complement
    const float* scales = nullptr;
    int64_t blocks = 0;  // along the quantised axis

    int number(uint8_t bits) const { return is_signed && bits >= 8 ? bits - 16 : bits; }
  };

  // The numbers of an input of int4, uint4 or uint8, one byte each; uint8 is unpacked along its
  // last dimension, of which `last` numbers count.
  Result<const uint8_t*> numbers(Call& call, size_t i, int64_t last) const {
    const Datum& input = call.input(i);
    const bool packed_type = is_packed(input.dtype());
    if (!packed_type && bits_ == 8) return input.as<uint8_t>().data();
    const Shape& shape = input.shape();
    const int64_t rows =
        packed_type || shape[shape.rank() - 1] == 0 ? 1 : input.count() / shape[shape.rank() - 1];
    const int64_t row = packed_type ? input.count() : last;
    ASSIGN_OR_RETURN(uint8_t * dst, call.scratch_of<uint8_t>(rows * row));
    if (input.count() == 0) return dst;
    const int64_t step = packed_type ? 0 : shape[shape.rank() - 1];
    for (int64_t r = 0; r < rows; ++r) {
      unpack_bits(input.bytes() + r * step, row, packed_type ? 4 : bits_, dst + r * row);
    }
    return dst;
  }

  Status read(Call& call, Table& table) const {
    const Shape& shape = call.shape(kData);
    const DType type = call.dtype(kData);
    if (type != DType::kUint8 && type != DType::kUint4 && type != DType::kInt4) {
      return unimplemented("expected data of type uint8, uint4 or int4, found {}",
                           dtype_name(type));
    }
    table.rank = shape.rank();
    const int rank = table.rank;
    if (rank == 0 || gather_axis_ < -rank || gather_axis_ >= rank || quantize_axis_ < -rank ||
        quantize_axis_ >= rank) {
      return invalid_argument("expected axes of {}, found {} and {}", shape.to_string(),
                              gather_axis_, quantize_axis_);
    }
    table.gather = static_cast<int>(gather_axis_ < 0 ? gather_axis_ + rank : gather_axis_);
    table.quantize = static_cast<int>(quantize_axis_ < 0 ? quantize_axis_ + rank : quantize_axis_);
    std::copy(shape.dims().begin(), shape.dims().end(), table.dims.begin());
    const bool unpack = type == DType::kUint8 && bits_ < 8;
    const auto last = static_cast<size_t>(rank - 1);
    if (unpack) table.dims[last] *= 8 / bits_;
    table.is_signed = type == DType::kInt4;
    table.default_zero = type == DType::kUint8 ? 1 << (bits_ - 1) : 0;
    return read_parameters(call, table, unpack);
  }

  Status read_parameters(Call& call, Table& table, bool unpack) const {
    const auto last = static_cast<size_t>(table.rank - 1);
    std::array<int64_t, kMaxRank> expected = table.dims;
    int64_t& along = expected[static_cast<size_t>(table.quantize)];
    along = table.blocks = along / block_ + (along % block_ != 0);
    ASSIGN_OR_RETURN(const Shape scales, Shape::create({expected.data(), last + 1}));
    if (call.shape(kScales) != scales) {
      return invalid_argument("expected scales of shape {}, found {}", scales.to_string(),
                              call.shape(kScales).to_string());
    }
    ASSIGN_OR_RETURN(table.scales, floats(call, kScales));
    ASSIGN_OR_RETURN(table.data, numbers(call, kData, table.dims[last]));
    if (!call.has(kZeroPoints)) return {};
    const int64_t zeros_last = expected[last];
    if (unpack) expected[last] = (zeros_last * bits_ + 7) / 8;
    ASSIGN_OR_RETURN(const Shape zeros, Shape::create({expected.data(), last + 1}));
    if (call.dtype(kZeroPoints) != call.dtype(kData) || call.shape(kZeroPoints) != zeros) {
      return invalid_argument("expected zero points {} {}, found {} {}",
                              dtype_name(call.dtype(kData)), zeros.to_string(),
                              dtype_name(call.dtype(kZeroPoints)),
                              call.shape(kZeroPoints).to_string());
    }
    ASSIGN_OR_RETURN(table.zeros, numbers(call, kZeroPoints, zeros_last));
    return {};
  }

  // Indices outside of the axis give zeros.
  void gather(const Call& call, const Table& table, int64_t count, float* dst) const {
    const std::span<const int64_t> dims(table.dims.data(), static_cast<size_t>(table.rank));
    const Around around(dims, table.gather), blocks(dims, table.quantize);
    const bool wide = call.dtype(kIndices) == DType::kInt64;
    for (int64_t o = 0; o < around.outer; ++o) {
      for (int64_t i = 0; i < count; ++i, dst += around.inner) {
        const auto at = static_cast<size_t>(i);
        int64_t index =
            wide ? call.input(kIndices).as<int64_t>()[at] : call.input(kIndices).as<int32_t>()[at];
        if (index < -around.axis || index >= around.axis) {
          std::fill_n(dst, around.inner, 0.0f);
          continue;
        }
        if (index < 0) index += around.axis;
        const int64_t first = (o * around.axis + index) * around.inner;
        for (int64_t j = 0; j < around.inner; ++j) dst[j] = value(table, blocks, first + j);
      }
    }
  }

  float value(const Table& table, const Around& blocks, int64_t at) const {
    const int64_t inner = at % blocks.inner, along = at / blocks.inner % blocks.axis;
    const int64_t outer = at / blocks.inner / blocks.axis;
    const int64_t block = (outer * table.blocks + along / block_) * blocks.inner + inner;
    const int zero = table.zeros != nullptr ? table.number(table.zeros[block]) : table.default_zero;
    return static_cast<float>(table.number(table.data[at]) - zero) * table.scales[block];
  }

  int64_t gather_axis_, quantize_axis_, block_;
  int bits_;
};

void infer(Inference& node) {
  node.set(0, node.dtype(kScales), std::nullopt);
  const auto& data = node.shape(kData);
  const auto& indices = node.shape(kIndices);
  if (!data || !indices || data->empty() || node.dtype(kData) == DType::kUndefined) return;
  const int rank = static_cast<int>(data->size());
  const int axis = normalize_axis(node, node.integer("gather_axis", 0), rank);
  Dims table = *data;
  const int64_t bits = node.integer("bits", 4);
  if (node.dtype(kData) == DType::kUint8 && bits > 0 && bits < 8) {
    int64_t last = 0;
    const bool known =
        table.back().is_known() && !__builtin_mul_overflow(table.back().value(), 8 / bits, &last);
    table.back() = known ? Dim(last) : Dim();
  }
  Dims dims(table.begin(), table.begin() + axis);
  dims.insert(dims.end(), indices->begin(), indices->end());
  dims.insert(dims.end(), table.begin() + axis + 1, table.end());
  node.set(0, node.dtype(kScales), std::move(dims));
}

}  // namespace

extern const Operator kMsGatherBlockQuantized = {.domain = "com.microsoft",
                                                 .name = "GatherBlockQuantized",
                                                 .versions = {1},
                                                 .inputs = {3, 4},
                                                 .infer = infer,
                                                 .create = make<GatherBlockQuantized>,
                                                 .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
