#include "cli/tensor_summary.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tensor/float16.h"

namespace escuta::cli {
namespace {

constexpr size_t kFirst = 8;

template <typename T, typename ToDouble>
TensorSummary summarize_as(std::span<const std::byte> bytes, ToDouble&& to_double) {
  TensorSummary summary;
  double sum = 0;
  int64_t count = 0;
  for (size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
    T element;
    std::memcpy(&element, bytes.data() + at, sizeof(T));
    const double value = to_double(element);
    if (summary.first.size() < kFirst) summary.first.push_back(value);
    if (std::isnan(value)) {
      ++summary.nan;
      continue;
    }
    sum += value;
    ++count;
    summary.min = std::min(summary.min.value_or(value), value);
    summary.max = std::max(summary.max.value_or(value), value);
  }
  if (count > 0) summary.mean = sum / static_cast<double>(count);
  return summary;
}

template <typename T>
TensorSummary plain(std::span<const std::byte> bytes) {
  return summarize_as<T>(bytes, [](T value) { return static_cast<double>(value); });
}

double bfloat16_to_double(uint16_t half) {
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  float value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

}  // namespace

Result<TensorSummary> summarize(const TensorView& tensor) {
  switch (tensor.dtype) {
    case DType::kFloat:
      return plain<float>(tensor.bytes);
    case DType::kDouble:
      return plain<double>(tensor.bytes);
    case DType::kFloat16:
      return summarize_as<uint16_t>(tensor.bytes,
                                    [](uint16_t half) { return double{half_to_float(half)}; });
    case DType::kBfloat16:
      return summarize_as<uint16_t>(tensor.bytes, bfloat16_to_double);
    case DType::kInt8:
      return plain<int8_t>(tensor.bytes);
    case DType::kBool:
    case DType::kUint8:
      return plain<uint8_t>(tensor.bytes);
    case DType::kInt16:
      return plain<int16_t>(tensor.bytes);
    case DType::kUint16:
      return plain<uint16_t>(tensor.bytes);
    case DType::kInt32:
      return plain<int32_t>(tensor.bytes);
    case DType::kUint32:
      return plain<uint32_t>(tensor.bytes);
    case DType::kInt64:
      return plain<int64_t>(tensor.bytes);
    case DType::kUint64:
      return plain<uint64_t>(tensor.bytes);
    default:
      return unimplemented("expected elements to compare, found {}", dtype_name(tensor.dtype));
  }
}

}  // namespace escuta::cli
