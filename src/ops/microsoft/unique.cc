// Unique (com.microsoft 1): the distinct elements of a vector in the order of their first
// occurrence, where each element went, and how often each occurs. Elements are the same where their
// bits are.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "ops/dispatch.h"
#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

template <typename T>
bool before(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, Complex128>) {
    return std::memcmp(&a, &b, sizeof(T)) < 0;
  } else {
    return a < b;
  }
}

template <typename T>
Status unique(Call& call) {
  const int64_t count = call.shape(0)[0];
  const T* src = reinterpret_cast<const T*>(call.input(0).bytes());
  ASSIGN_OR_RETURN(int64_t * order, call.scratch_of<int64_t>(count));
  ASSIGN_OR_RETURN(int64_t * first, call.scratch_of<int64_t>(count));  // element like element i
  std::iota(order, order + count, int64_t{0});
  std::sort(order, order + count, [&](int64_t i, int64_t j) {
    if (before(src[i], src[j])) return true;
    return !before(src[j], src[i]) && i < j;
  });
  for (int64_t i = 0; i < count; ++i) {
    const bool same = i > 0 && !before(src[order[i - 1]], src[order[i]]);
    first[order[i]] = same ? first[order[i - 1]] : order[i];
  }
  int64_t kept = 0;
  for (int64_t i = 0; i < count; ++i) kept += first[i] == i;
  ASSIGN_OR_RETURN(std::byte * values, call.allocate(0, call.dtype(0), {kept}));
  ASSIGN_OR_RETURN(int64_t * places, call.output<int64_t>(1, {count}));
  ASSIGN_OR_RETURN(int64_t * counts, call.output<int64_t>(2, {kept}));
  std::fill(counts, counts + kept, int64_t{0});
  int64_t* place = order;  // of the elements that are kept
  for (int64_t i = 0, next = 0; i < count; ++i) {
    if (first[i] == i) {
      reinterpret_cast<T*>(values)[next] = src[i];
      place[i] = next++;
    }
    places[i] = place[first[i]];
    ++counts[places[i]];
  }
  return {};
}

Status run(Call& call) {
  RETURN_IF_ERROR(expect_shape(call, 0, "x", {-1}));
  return dispatch_by_size(call.dtype(0),
                          [&](auto tag) -> Status { return unique<decltype(tag)>(call); });
}

void infer(Inference& node) {
  node.set(0, node.dtype(0), Dims{Dim()});
  node.set(1, DType::kInt64, node.rank(0) == 1 ? node.shape(0) : Dims{Dim()});
  node.set(2, DType::kInt64, Dims{Dim()});
}

}  // namespace

extern const Operator kMsUnique = {.domain = "com.microsoft",
                                   .name = "Unique",
                                   .versions = {1},
                                   .inputs = {1, 1},
                                   .outputs = {3, 3},
                                   .infer = infer,
                                   .create = make_function<run>};

}  // namespace escuta::ops
