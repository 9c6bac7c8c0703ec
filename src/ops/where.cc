// Where (ai.onnx 9, 16).
#include "ops/broadcast.h"
#include "ops/dispatch.h"
#include "ops/operator.h"
#include "ops/stored.h"

namespace escuta::ops {
namespace {

Status where(Call& call) {
  if (call.dtype(0) != DType::kBool || call.dtype(1) != call.dtype(2)) {
    return invalid_argument("expected a bool condition and x and y of one type, found {}, {}, {}",
                            dtype_name(call.dtype(0)), dtype_name(call.dtype(1)),
                            dtype_name(call.dtype(2)));
  }
  ASSIGN_OR_RETURN(const auto broadcast,
                   Broadcast<3>::create({&call.shape(0), &call.shape(1), &call.shape(2)}));
  const StoredBool* condition = stored<bool>(call.input(0));
  return dispatch_by_size(call.dtype(1), [&](auto tag) -> Status {
    using T = decltype(tag);
    ASSIGN_OR_RETURN(std::byte * bytes, call.allocate(0, call.dtype(1), broadcast.shape()));
    T* dst = reinterpret_cast<T*>(bytes);
    const T* x = reinterpret_cast<const T*>(call.input(1).bytes());
    const T* y = reinterpret_cast<const T*>(call.input(2).bytes());
    broadcast.for_each_run([&](int64_t at, int64_t count, const auto& src, const auto& steps) {
      const auto select = [&](int64_t c, int64_t a, int64_t b) {
        for (int64_t i = 0; i < count; ++i) {
          dst[at + i] = condition[src[0] + i * c] ? x[src[1] + i * a] : y[src[2] + i * b];
        }
      };
      // Known steps let the compiler see contiguous elements.
      if (steps[1] == 1 && steps[2] == 1) {
        steps[0] == 1 ? select(1, 1, 1) : select(0, 1, 1);
      } else {
        select(steps[0], steps[1], steps[2]);
      }
    });
    return {};
  });
}

// The elements of a vector of integers that shapes are computed with; `count` of them, repeated if
// there is one.
std::optional<Dims> vector_of(const Inference& node, size_t i, size_t count) {
  if (node.rank(i).value_or(2) > 1) return std::nullopt;
  auto elements = node.shape_elements(i);
  if (elements && elements->size() == 1) elements->resize(count, elements->front());
  return elements && elements->size() == count ? elements : std::nullopt;
}

void infer_elements(Inference& node) {
  Fact& result = node.output(0);
  if (!result.shape || result.shape->size() > 1) return;
  if (!result.shape->empty() && !result.shape->front().is_known()) return;
  constexpr int64_t kMost = 1024;  // elements that anybody would use as a shape
  const int64_t known = result.shape->empty() ? 1 : result.shape->front().value();
  if (known > kMost) return;
  const auto count = static_cast<size_t>(known);
  const auto x = vector_of(node, 1, count), y = vector_of(node, 2, count);
  if (!x || !y) return;
  // Without a condition that is known, the elements that x and y have in common.
  const graph::ConstantPtr& condition = node.input(0).constant;
  std::span<const std::byte> chosen;
  if (condition != nullptr && condition->dtype == DType::kBool) chosen = condition->bytes;
  Dims elements;
  for (size_t i = 0; i < count; ++i) {
    if (chosen.size() == 1 || chosen.size() == count) {
      const bool first = chosen[chosen.size() == 1 ? 0 : i] != std::byte{0};
      elements.push_back(first ? (*x)[i] : (*y)[i]);
    } else {
      elements.push_back((*x)[i] == (*y)[i] ? (*x)[i] : Dim());
    }
  }
  result.elements = std::move(elements);
}

void infer(Inference& node) {
  const DType dtype = node.dtype(1) != DType::kUndefined ? node.dtype(1) : node.dtype(2);
  node.set(0, dtype, broadcast(node, broadcast(node, node.shape(0), node.shape(1)), node.shape(2)));
  if (node.has_output(0) && (dtype == DType::kInt64 || dtype == DType::kInt32)) {
    infer_elements(node);
  }
}

}  // namespace

extern const Operator kWhere = {.domain = "",
                                .name = "Where",
                                .versions = {9, 16},
                                .inputs = {3, 3},
                                .infer = infer,
                                .create = make_function<where>};

}  // namespace escuta::ops
