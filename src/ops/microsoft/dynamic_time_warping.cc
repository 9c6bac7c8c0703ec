// DynamicTimeWarping (com.microsoft 1): the path of least cost through a matrix from its first to
// its last element, by steps down, right, or both (Sakoe, Chiba, 1978). Among equals, a step right
// is preferred, then one down.
#include <algorithm>
#include <limits>

#include "ops/microsoft/inputs.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

enum Step : uint8_t { kBoth, kDown, kRight };

// costs [cols + 1]: of a row of paths; steps [rows, cols]: how each element is reached.
void find(const float* src, int64_t rows, int64_t cols, float* costs, uint8_t* steps) {
  constexpr float kNever = std::numeric_limits<float>::infinity();
  std::fill(costs, costs + cols + 1, kNever);
  costs[0] = 0;
  for (int64_t i = 0; i < rows; ++i) {
    float diagonal = costs[0];
    costs[0] = kNever;
    for (int64_t j = 0; j < cols; ++j) {
      const float above = costs[j + 1], left = costs[j];
      uint8_t step = kRight;
      float best = left;
      if (diagonal < above && diagonal < left) {
        step = kBoth;
        best = diagonal;
      } else if (above < diagonal && above < left) {
        step = kDown;
        best = above;
      }
      diagonal = above;
      costs[j + 1] = best + src[i * cols + j];
      // The border leaves one way only, whatever the costs compare to (NaN).
      steps[i * cols + j] = i == 0 ? uint8_t{kRight} : j == 0 ? uint8_t{kDown} : step;
    }
  }
}

Status run(Call& call) {
  RETURN_IF_ERROR(check_tensors(call, 1));
  const Shape& shape = call.shape(0);
  const int rank = shape.rank();
  if (rank < 2 || rank > 3 || (rank == 3 && shape[0] != 1) || shape.count() == 0) {
    return invalid_argument("expected costs [M, N] or [1, M, N], found {}", shape.to_string());
  }
  ASSIGN_OR_RETURN(const auto src, elements<float>(call, 0));
  const int64_t rows = shape[rank - 2], cols = shape[rank - 1];
  if (rows > INT32_MAX || cols > INT32_MAX) {
    return invalid_argument("expected up to {} rows and columns, found {}", INT32_MAX,
                            shape.to_string());
  }
  ASSIGN_OR_RETURN(float* costs, call.scratch_of<float>(cols + 1));
  ASSIGN_OR_RETURN(uint8_t * steps, call.scratch_of<uint8_t>(rows * cols));
  find(src.data(), rows, cols, costs, steps);
  const auto walk = [&](auto&& visit) {
    for (int64_t i = rows - 1, j = cols - 1; i >= 0 && j >= 0;) {
      visit(i, j);
      const uint8_t step = steps[i * cols + j];
      if (step != kRight) --i;
      if (step != kDown) --j;
    }
  };
  int64_t length = 0;
  walk([&](int64_t, int64_t) { ++length; });
  ASSIGN_OR_RETURN(int32_t * dst, call.output<int32_t>(0, {2, length}));
  int64_t at = length;
  walk([&](int64_t i, int64_t j) {
    dst[--at] = static_cast<int32_t>(i);
    dst[length + at] = static_cast<int32_t>(j);
  });
  return {};
}

}  // namespace

extern const Operator kMsDynamicTimeWarping = {
    .domain = "com.microsoft",
    .name = "DynamicTimeWarping",
    .versions = {1},
    .inputs = {1, 1},
    .infer =
        [](Inference& node) {
          node.set(0, DType::kInt32, Dims{Dim(int64_t{2}), Dim()});
        },
    .create = make_function<run>};

}  // namespace escuta::ops
