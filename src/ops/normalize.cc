#include "ops/normalize.h"

#include "ops/check_input.h"

namespace escuta::ops {

Result<Rows> Rows::from(const Shape& shape, int64_t axis) {
  const int rank = shape.rank();
  if (axis < -rank || axis >= rank) {
    return invalid_argument("expected an axis from {} to {} for shape {}, found {}", -rank,
                            rank - 1, shape.to_string(), axis);
  }
  Rows result;
  result.axis = static_cast<int>(axis < 0 ? axis + rank : axis);
  for (int i = 0; i < rank; ++i) (i < result.axis ? result.rows : result.columns) *= shape[i];
  return result;
}

Result<const double*> vector_of(Call& call, size_t i, int64_t count) {
  if (call.input(i).count() != count) {
    return invalid_argument("input {}: expected {} elements, found shape {}", i, count,
                            call.shape(i).to_string());
  }
  ASSIGN_OR_RETURN(double* dst, call.scratch_of<double>(count));
  RETURN_IF_ERROR(dispatch(Floats{}, call.dtype(i), [&](auto tag) -> Status {
    const auto src = call.input(i).as<decltype(tag)>();
    std::copy(src.begin(), src.end(), dst);
    return {};
  }));
  return static_cast<const double*>(dst);
}

namespace {

template <typename T>
void normalize_group(const T* src, T* dst, int64_t channels, int64_t inner, double epsilon,
                     const double* scale, const double* bias, bool shared) {
  using W = Wide<T>;
  const Moments of = moments(src, channels * inner);
  const double inverse = 1 / std::sqrt(of.variance + epsilon);
  for (int64_t c = 0; c < channels; ++c) {
    const double factor = inverse * scale[shared ? 0 : c];
    const auto mean = static_cast<W>(of.mean), by = static_cast<W>(factor);
    const auto plus = static_cast<W>(bias[shared ? 0 : c]);
    for (int64_t i = 0; i < inner; ++i) {
      *dst++ = static_cast<T>((static_cast<W>(*src++) - mean) * by + plus);
    }
  }
}

}  // namespace

Status normalize_groups(Call& call, int64_t groups, bool scale_per_group, float epsilon) {
  const Shape& shape = call.shape(0);
  if (shape.rank() < 2) {
    return invalid_argument("X: expected a tensor [N, C, ...], found {}", shape.to_string());
  }
  const int64_t channels = shape[1];
  if (groups < 1 || channels % groups != 0) {
    return invalid_argument("expected groups that divide {} channels, found {}", channels, groups);
  }
  const int64_t count = scale_per_group ? groups : channels;
  ASSIGN_OR_RETURN(const double* scale, vector_of(call, 1, count));
  ASSIGN_OR_RETURN(const double* bias, vector_of(call, 2, count));
  const int64_t each = channels / groups;
  int64_t inner = 1;
  for (int i = 2; i < shape.rank(); ++i) inner *= shape[i];
  return dispatch(Floats{}, call.dtype(0), [&](auto tag) -> Status {
    using T = decltype(tag);
    ASSIGN_OR_RETURN(T * dst, call.output<T>(0, shape));
    const T* src = call.input(0).as<T>().data();
    if (shape.count() == 0) return {};
    for (int64_t i = 0; i < shape[0] * groups; ++i) {
      const int64_t group = i % groups;
      const int64_t at = scale_per_group ? group : group * each;
      normalize_group(src + i * each * inner, dst + i * each * inner, each, inner, epsilon,
                      scale + at, bias + at, scale_per_group);
    }
    return {};
  });
}

}  // namespace escuta::ops
