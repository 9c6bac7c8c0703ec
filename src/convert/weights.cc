#include "convert/weights.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "tensor/float16.h"

namespace escuta::convert {
namespace {

// ONNX's own habit (onnx.external_data_helper): smaller tensors are not worth a reference.
constexpr size_t kExternalThreshold = 1024;
constexpr int64_t kBlock = 32;  // rows converted at once, and the side of a transposed tile
constexpr float kLargestHalf = 65504;

int64_t product(std::span<const int64_t> dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  return count;
}

// Reads element i of type T from bytes of any alignment.
template <typename T>
T load(std::span<const std::byte> bytes, int64_t i) {
  T value;
  std::memcpy(&value, bytes.data() + static_cast<size_t>(i) * sizeof(T), sizeof(T));
  return value;
}

template <typename T, typename Convert>
void widen(std::span<const std::byte> src, std::span<float> dst, const Convert& convert) {
  for (size_t i = 0; i < dst.size(); ++i) dst[i] = convert(load<T>(src, static_cast<int64_t>(i)));
}

// Elements first ... first + dst.size() of a variable, as f32.
void widen(const Ct2Variable& variable, int64_t first, std::span<float> dst) {
  const auto size = static_cast<size_t>(dtype_bits(variable.dtype) / 8);
  const auto src = variable.bytes.subspan(static_cast<size_t>(first) * size, dst.size() * size);
  const auto plain = [](auto value) { return static_cast<float>(value); };
  switch (variable.dtype) {
    case DType::kFloat:
      return widen<float>(src, dst, plain);
    case DType::kFloat16:
      return widen<uint16_t>(src, dst, [](uint16_t half) { return half_to_float(half); });
    case DType::kBfloat16:
      return widen<uint16_t>(
          src, dst, [](uint16_t top) { return std::bit_cast<float>(uint32_t{top} << 16); });
    case DType::kInt8:
      return widen<int8_t>(src, dst, plain);
    case DType::kInt16:
      return widen<int16_t>(src, dst, plain);
    default:
      ESCUTA_CHECK(!"check() lets no other type through");
  }
}

bool is_quantized(DType dtype) { return dtype == DType::kInt8 || dtype == DType::kInt16; }

// dst[c][first_row + r] = src[r][c], for the block's rows r; dst has `stride` columns.
template <typename T>
void scatter_transposed(std::span<const T> src, int64_t columns, T* dst, int64_t first_row,
                        int64_t stride) {
  const int64_t rows = static_cast<int64_t>(src.size()) / columns;
  for (int64_t c0 = 0; c0 < columns; c0 += kBlock) {
    const int64_t c1 = std::min(c0 + kBlock, columns);
    for (int64_t c = c0; c < c1; ++c) {
      T* const out = dst + c * stride + first_row;
      for (int64_t r = 0; r < rows; ++r) out[r] = src[static_cast<size_t>(r * columns + c)];
    }
  }
}

// Row blocks of one weight: widened, scaled, checked, narrowed, put in place.
class Converter {
 public:
  Converter(const Ct2Variable& variable, const Ct2Variable* scale, const Weight& weight)
      : variable_(variable), scale_(scale), weight_(weight) {
    row_count_ = weight.rows > 0 ? weight.rows : weight.source_dims[0] - weight.first_row;
    columns_ = product(std::span(weight.source_dims).subspan(1));
  }

  template <typename T, typename Narrow>
  Result<std::vector<std::byte>> run(float largest, const Narrow& narrow) {
    std::vector<std::byte> result(static_cast<size_t>(row_count_ * columns_) * sizeof(T));
    T* const dst = reinterpret_cast<T*>(result.data());
    std::vector<float> block;
    std::vector<T> narrowed;
    for (int64_t row = 0; row < row_count_; row += kBlock) {
      const int64_t rows = std::min(kBlock, row_count_ - row);
      block.resize(static_cast<size_t>(rows * columns_));
      narrowed.resize(block.size());
      RETURN_IF_ERROR(read_rows(weight_.first_row + row, block, largest));
      for (size_t i = 0; i < block.size(); ++i) narrowed[i] = narrow(block[i]);
      if (weight_.transpose) {
        scatter_transposed<T>(narrowed, columns_, dst, row, row_count_);
      } else {
        std::copy(narrowed.begin(), narrowed.end(), dst + row * columns_);
      }
    }
    return result;
  }

 private:
  Status read_rows(int64_t first, std::span<float> block, float largest) const {
    widen(variable_, first * columns_, block);
    const size_t columns = static_cast<size_t>(columns_);
    bool fits = true;
    for (size_t i = 0; i < block.size(); i += columns) {
      float factor = weight_.scale;
      if (scale_ != nullptr) {
        float step = 0;
        const int64_t row = first + static_cast<int64_t>(i / columns);
        widen(*scale_, scale_->shape.count() == 1 ? 0 : row, std::span(&step, 1));
        factor /= step;
      }
      for (float& value : block.subspan(i, columns)) {
        value *= factor;
        fits &= std::abs(value) <= largest;  // false for NaN as well
      }
    }
    if (fits) return Status();
    return invalid_argument(
        "{}: expected finite values up to {}, found others in rows {} to {}; a damaged checkpoint, "
        "or one that only float32 can hold",
        variable_.name, largest, first, first + static_cast<int64_t>(block.size() / columns) - 1);
  }

  const Ct2Variable& variable_;
  const Ct2Variable* scale_;
  const Weight& weight_;
  int64_t row_count_ = 0, columns_ = 0;
};

}  // namespace

std::vector<int64_t> Weight::dims() const {
  std::vector<int64_t> result = source_dims;
  result[0] = rows > 0 ? rows : result[0] - first_row;
  if (transpose) std::swap(result[0], result[1]);
  return result;
}

Result<std::vector<std::byte>> convert_weight(const Ct2File& file, const Weight& weight,
                                              DType dtype) {
  const Ct2Variable* const variable = file.find(weight.variable);
  ESCUTA_CHECK(variable != nullptr);
  const Ct2Variable* const scale =
      is_quantized(variable->dtype) ? file.find(weight.variable + "_scale") : nullptr;
  Converter converter(*variable, scale, weight);
  if (dtype == DType::kFloat16) {
    return converter.run<uint16_t>(kLargestHalf, [](float v) { return float_to_half(v); });
  }
  return converter.run<float>(std::numeric_limits<float>::max(), [](float v) { return v; });
}

void InitializerPool::add_weight(const std::string& name, Weight weight) {
  if (!index_.emplace(name, entries_.size()).second) return;
  Entry& entry = entries_.emplace_back();
  entry.tensor.name = name;
  entry.tensor.dtype = dtype_;
  entry.tensor.dims = weight.dims();
  entry.from_checkpoint = true;
  entry.weight = std::move(weight);
}

void InitializerPool::add_constant(const std::string& name, DType dtype, std::vector<int64_t> dims,
                                   std::vector<std::byte> bytes) {
  if (!index_.emplace(name, entries_.size()).second) return;
  Entry& entry = entries_.emplace_back();
  entry.tensor.name = name;
  entry.tensor.dtype = dtype;
  entry.tensor.dims = std::move(dims);
  entry.bytes = std::move(bytes);
}

void InitializerPool::add_floats(const std::string& name, std::vector<int64_t> dims,
                                 std::span<const float> values) {
  std::vector<uint16_t> halves;
  auto raw = std::as_bytes(values);
  if (dtype_ == DType::kFloat16) {
    halves.resize(values.size());
    float_to_half(values, halves);
    raw = std::as_bytes(std::span(halves));
  }
  add_constant(name, dtype_, std::move(dims), {raw.begin(), raw.end()});
}

void InitializerPool::add_ints(const std::string& name, std::vector<int64_t> dims,
                               std::span<const int64_t> values) {
  const auto raw = std::as_bytes(values);
  add_constant(name, DType::kInt64, std::move(dims), {raw.begin(), raw.end()});
}

Status InitializerPool::check_entry(const Ct2File& file, const Entry& entry) const {
  const Weight& weight = entry.weight;
  const Ct2Variable* const variable = file.find(weight.variable);
  if (variable == nullptr) {
    return not_found("{}: expected a variable {}, found none of that name", file.name(),
                     weight.variable);
  }
  ASSIGN_OR_RETURN(const Shape shape, Shape::create(weight.source_dims));
  if (variable->shape != shape) {
    return invalid_argument("{}: expected {} of shape {}, found {}", file.name(), weight.variable,
                            shape.to_string(), variable->shape.to_string());
  }
  if (variable->dtype == DType::kInt32) {
    return invalid_argument(
        "{}: expected {} as float32, float16, bfloat16, int16 or int8, found int32, as AWQ writes "
        "it; convert the model again without that quantization",
        file.name(), weight.variable);
  }
  if (!is_quantized(variable->dtype)) return Status();
  const std::string scale_name = weight.variable + "_scale";
  const Ct2Variable* const scale = file.find(scale_name);
  if (scale == nullptr) {
    return not_found("{}: expected a variable {} for {} {}, found none of that name", file.name(),
                     scale_name, dtype_name(variable->dtype), weight.variable);
  }
  const int64_t scales = scale->shape.count();
  const bool is_float = scale->dtype == DType::kFloat || scale->dtype == DType::kFloat16 ||
                        scale->dtype == DType::kBfloat16;
  if ((scales != 1 && scales != weight.source_dims[0]) || !is_float) {
    return invalid_argument("{}: expected {} as one float or {}, found {} {}", file.name(),
                            scale_name, weight.source_dims[0], dtype_name(scale->dtype),
                            scale->shape.to_string());
  }
  return Status();
}

Status InitializerPool::check(const Ct2File& file) const {
  for (const Entry& entry : entries_) {
    if (entry.from_checkpoint) RETURN_IF_ERROR(check_entry(file, entry));
  }
  return Status();
}

Status InitializerPool::write(const Ct2File& file, onnx::ExternalDataWriter& data) {
  for (Entry& entry : entries_) {
    std::vector<std::byte> bytes = std::move(entry.bytes);
    if (entry.from_checkpoint) {
      auto converted = convert_weight(file, entry.weight, dtype_);
      if (!converted.ok()) return converted.status().with_context(file.name());
      bytes = *std::move(converted);
      file.release(*file.find(entry.weight.variable));
    }
    if (bytes.size() < kExternalThreshold) {
      entry.bytes = std::move(bytes);
      entry.tensor.bytes = entry.bytes;
    } else {
      ASSIGN_OR_RETURN(entry.tensor.external, data.append(bytes));
    }
  }
  return Status();
}

std::vector<onnx::TensorDef> InitializerPool::tensors(std::span<const std::string> names) const {
  std::vector<onnx::TensorDef> result;
  for (const std::string& name : names) result.push_back(entries_[index_.at(name)].tensor);
  return result;
}

void InitializerPool::collect_variables(std::unordered_set<std::string>& names) const {
  for (const Entry& entry : entries_) {
    if (!entry.from_checkpoint) continue;
    names.insert(entry.weight.variable);
    names.insert(entry.weight.variable + "_scale");
  }
}

}  // namespace escuta::convert
