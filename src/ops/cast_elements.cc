// The rules are those of ONNX's Cast, "conversion among numerical types".
#include "ops/cast_elements.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "ops/cast_strings.h"

namespace escuta::ops {
namespace {

constexpr int64_t kBlock = 512;

// Through T, which holds every value of the source's type.
template <typename T>
Status cast_through(const Datum& src, DType to, std::byte* dst, const Narrowing& narrowing) {
  T block[kBlock];
  for (int64_t at = 0; at < src.count(); at += kBlock) {
    const int64_t count = std::min(kBlock, src.count() - at);
    RETURN_IF_ERROR(load_elements(src.dtype(), src.bytes(), at, count, block));
    RETURN_IF_ERROR(store_elements(block, count, to, dst, at, narrowing));
  }
  return {};
}

Status cast_numbers(const Datum& src, DType to, std::byte* dst, const Narrowing& narrowing) {
  if (src.dtype() == to) {
    if (src.byte_size() != 0) std::memmove(dst, src.bytes(), src.byte_size());
    return {};
  }
  if (src.dtype() == DType::kUint64) return cast_through<uint64_t>(src, to, dst, narrowing);
  if (is_integer(src.dtype())) return cast_through<int64_t>(src, to, dst, narrowing);
  if (src.dtype() == DType::kDouble) return cast_through<double>(src, to, dst, narrowing);
  return cast_through<float>(src, to, dst, narrowing);
}

}  // namespace

Narrowing read_narrowing(const NodeInfo& node) {
  Narrowing narrowing;
  narrowing.saturate = node.integer("saturate", 1) != 0;
  const std::string mode = node.text("round_mode", "up");
  if (mode == "down") {
    narrowing.rounding = PowerRounding::kDown;
  } else if (mode == "nearest") {
    narrowing.rounding = PowerRounding::kNearest;
  } else if (mode != "up") {
    node.fail(
        invalid_argument("attribute `round_mode`: expected up, down or nearest, found {}", mode));
  }
  return narrowing;
}

Status cast_elements(Call& call, DType to, const Narrowing& narrowing) {
  const Datum& src = call.input(0);
  for (const DType dtype : {src.dtype(), to}) {
    if (!is_numeric(dtype) && dtype != DType::kString) {
      return unimplemented("casts are between numbers and strings, found element type {}",
                           dtype_name(dtype));
    }
  }
  ASSIGN_OR_RETURN(std::byte * dst, call.allocate(0, to, src.shape()));
  if (src.dtype() == DType::kString) {
    return cast_from_strings(src.as<std::string>(), to, dst, narrowing);
  }
  if (to == DType::kString) return cast_to_strings(src, reinterpret_cast<std::string*>(dst));
  return cast_numbers(src, to, dst, narrowing);
}

void infer_cast(Inference& node, DType to) {
  node.set(0, to, node.shape(0));
  const DType from = node.dtype(0);
  const bool wide = from == DType::kInt64 || from == DType::kInt32;
  if (!node.has_output(0) || !wide || (to != DType::kInt64 && to != DType::kInt32)) return;
  auto elements = node.rank(0).value_or(2) < 2 ? node.shape_elements(0) : std::nullopt;
  if (!elements) return;
  for (Dim& dim : *elements) {
    if (to == DType::kInt32 && dim.value() > std::numeric_limits<int32_t>::max()) dim = Dim();
  }
  node.output(0).elements = std::move(elements);
}

}  // namespace escuta::ops
