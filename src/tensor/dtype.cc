#include "tensor/dtype.h"

#include <array>
#include <limits>

namespace escuta {
namespace {

struct Traits {
  std::string_view name;
  int bits;
};

constexpr std::array<Traits, kMaxDType + 1> kTraits = {{
    {"undefined", 0},      {"float", 32},       {"uint8", 8},          {"int8", 8},
    {"uint16", 16},        {"int16", 16},       {"int32", 32},         {"int64", 64},
    {"string", 0},         {"bool", 8},         {"float16", 16},       {"double", 64},
    {"uint32", 32},        {"uint64", 64},      {"complex64", 64},     {"complex128", 128},
    {"bfloat16", 16},      {"float8e4m3fn", 8}, {"float8e4m3fnuz", 8}, {"float8e5m2", 8},
    {"float8e5m2fnuz", 8}, {"uint4", 4},        {"int4", 4},           {"float4e2m1", 4},
    {"float8e8m0", 8},     {"uint2", 2},        {"int2", 2},
}};

const Traits& traits(DType dtype) { return kTraits[static_cast<size_t>(dtype)]; }

}  // namespace

std::string_view dtype_name(DType dtype) { return traits(dtype).name; }
int dtype_bits(DType dtype) { return traits(dtype).bits; }

Result<DType> dtype_from_onnx(int64_t value) {
  if (value < 0 || value > kMaxDType) {
    return invalid_argument("expected an ONNX element type from 0 to {}, found {}", kMaxDType,
                            value);
  }
  return static_cast<DType>(value);
}

Result<size_t> dtype_bytes(DType dtype, int64_t count) {
  const int bits = dtype_bits(dtype);
  if (bits == 0) return out_of_range("elements of type {} have no fixed size", dtype_name(dtype));
  if (count < 0 || count > (std::numeric_limits<int64_t>::max() - 7) / bits) {
    return out_of_range("{} elements of type {} do not fit the address space", count,
                        dtype_name(dtype));
  }
  return static_cast<size_t>((count * bits + 7) / 8);
}

}  // namespace escuta
