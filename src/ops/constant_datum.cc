#include "ops/constant_datum.h"

#include <algorithm>
#include <cstring>

namespace escuta::ops {

Result<Datum> datum_of(const graph::ConstantPtr& constant) {
  const int64_t count = constant->shape.count();
  if (constant->dtype == DType::kString) {
    return Datum::of<std::string>(constant->shape, constant->strings);
  }
  ASSIGN_OR_RETURN(const size_t bytes, dtype_bytes(constant->dtype, count));
  if (constant->bytes.size() < bytes) {
    if (constant->external) {
      return failed_precondition("the tensor's external data ({}) is not loaded",
                                 constant->external->location);
    }
    return invalid_argument("expected {} bytes for {} elements of {}, found {}", bytes, count,
                            dtype_name(constant->dtype), constant->bytes.size());
  }
  const size_t size = std::max<size_t>(1, static_cast<size_t>(dtype_bits(constant->dtype)) / 8);
  if (reinterpret_cast<uintptr_t>(constant->bytes.data()) % std::min<size_t>(size, 8) == 0) {
    return Datum::of(constant->dtype, constant->shape,
                     Buffer::foreign(constant->bytes.data(), bytes, constant));
  }
  ASSIGN_OR_RETURN(Datum copy, Datum::create(constant->dtype, constant->shape));
  std::memcpy(copy.mutable_bytes(), constant->bytes.data(), bytes);
  return copy;
}

}  // namespace escuta::ops
