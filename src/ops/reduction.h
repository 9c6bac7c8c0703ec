// Reductions over axes: ReduceSum, ReduceMax, ReduceLogSumExp, ...
//
// One pass through the input in memory order; an accumulator for each result, or a few when the
// innermost dimensions are reduced.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {

// A shape of which some axes are reduced; neighbours that share that fate are one dimension.
class ReducedShape {
 public:
  // Bit i of `reduced`: axis i is reduced. keepdims: it stays, as 1.
  ReducedShape(const Shape& shape, uint32_t reduced, bool keepdims);

  const Shape& shape() const { return shape_; }             // of the result
  int64_t reduced_count() const { return reduced_count_; }  // elements behind each result

  // function(src, dst, count, step): elements src..src+count go to result dst, dst+step, ...; step
  // is 0 or 1.
  template <typename F>
  void for_each_run(F&& function) const {
    if (src_count_ == 0) return;
    const int inner = rank_ - 1;
    const int64_t runs = src_count_ / dims_[inner];
    std::array<int64_t, kMaxRank> index{};
    int64_t dst = 0;
    for (int64_t run = 0; run < runs; ++run) {
      function(run * dims_[inner], dst, dims_[inner], strides_[inner] != 0 ? 1 : 0);
      for (int i = inner - 1; i >= 0; --i) {
        dst += strides_[i];
        if (++index[i] < dims_[i]) break;
        dst -= strides_[i] * dims_[i];
        index[i] = 0;
      }
    }
  }

 private:
  Shape shape_;
  int64_t src_count_ = 0;
  int64_t reduced_count_ = 1;
  int rank_ = 0;
  std::array<int64_t, kMaxRank> dims_{};     // merged
  std::array<int64_t, kMaxRank> strides_{};  // in the result; 0: reduced
};

// Bits of these axes, each in [-rank, rank). InvalidArgument.
Result<uint32_t> axes_mask(std::span<const int64_t> axes, int rank);

// What the reductions' attributes say. `axes` is an attribute, and later input 1.
class ReduceAxes {
 public:
  ReduceAxes(const NodeInfo& node, bool axes_are_input);
  Result<ReducedShape> apply(const Call& call) const;

 private:
  std::vector<int64_t> axes_;
  bool axes_are_input_;
  bool keepdims_;
  bool noop_;  // no axes: reduce none instead of all
};

void infer_reduction(Inference& node, bool axes_are_input);

// Integers are summed modulo 2^64, which is right modulo 2^bits of T.
template <typename T>
using SumOf = std::conditional_t<kIsFloat<T>, double, uint64_t>;

// value as an element; what does not fit an integer is its nearest end, NaN is 0.
template <typename T>
T saturated(double value) {
  if constexpr (std::is_integral_v<T>) {
    if (std::isnan(value)) return 0;
    if (value <= static_cast<double>(std::numeric_limits<T>::min())) {
      return std::numeric_limits<T>::min();
    }
    if (value >= static_cast<double>(std::numeric_limits<T>::max())) {
      return std::numeric_limits<T>::max();
    }
  }
  return static_cast<T>(value);
}

// A sum of `map` of the elements.
template <auto map>
struct SumRule {
  template <typename T>
  using Accumulator = SumOf<T>;
  template <typename T>
  static constexpr SumOf<T> kFirst = 0;
  template <typename T>
  static SumOf<T> add(SumOf<T> sum, T value) {
    return sum + map(static_cast<SumOf<T>>(static_cast<Wide<T>>(value)), kIsFloat<T>);
  }
  template <typename A>
  static A join(A a, A b) {
    return a + b;
  }
};

// Rule: Accumulator<T>, kFirst<T>, add<T>(accumulator, element), join(accumulators).
template <typename Rule, typename T>
auto reduce_run(const T* src, int64_t count) {
  using A = typename Rule::template Accumulator<T>;
  constexpr int kLanes = 8;  // independent chains, which a compiler can put side by side
  A lanes[kLanes];
  std::fill_n(lanes, kLanes, Rule::template kFirst<T>);
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      lanes[lane] = Rule::template add<T>(lanes[lane], src[i + lane]);
    }
  }
  for (; i < count; ++i) lanes[0] = Rule::template add<T>(lanes[0], src[i]);
  for (int lane = 1; lane < kLanes; ++lane) lanes[0] = Rule::join(lanes[0], lanes[lane]);
  return lanes[0];
}

// into: an accumulator per result.
template <typename Rule, typename T>
void reduce_into(const ReducedShape& plan, const T* src,
                 typename Rule::template Accumulator<T>* into) {
  std::fill_n(into, plan.shape().count(), Rule::template kFirst<T>);
  plan.for_each_run([&](int64_t at, int64_t dst, int64_t count, int64_t step) {
    if (step == 0) {
      into[dst] = Rule::join(into[dst], reduce_run<Rule, T>(src + at, count));
      return;
    }
    for (int64_t i = 0; i < count; ++i) {
      into[dst + i] = Rule::template add<T>(into[dst + i], src[at + i]);
    }
  });
}

// Rule has finish<T>(accumulator, elements behind it) besides.
template <typename Rule, typename TypeList, int kAxesInput>
class Reduction final : public Kernel {
 public:
  explicit Reduction(const NodeInfo& node) : axes_(node, node.version() >= kAxesInput) {}

  Status run(Call& call) const override {
    ASSIGN_OR_RETURN(const ReducedShape plan, axes_.apply(call));
    return dispatch(TypeList{}, call.dtype(0), [&](auto tag) -> Status {
      using T = decltype(tag);
      using A = typename Rule::template Accumulator<T>;
      ASSIGN_OR_RETURN(T * dst, call.output<T>(0, plan.shape()));
      const int64_t count = plan.shape().count();
      ASSIGN_OR_RETURN(A * sums, call.scratch_of<A>(count));
      reduce_into<Rule, T>(plan, call.input(0).as<T>().data(), sums);
      for (int64_t i = 0; i < count; ++i) {
        dst[i] = Rule::template finish<T>(sums[i], plan.reduced_count());
      }
      return {};
    });
  }

 private:
  ReduceAxes axes_;
};

using ReducedNumbers =
    Types<float, double, Float16, BFloat16, int32_t, int64_t, uint32_t, uint64_t>;

// kAxesInput: the version from which `axes` is an input.
template <int kAxesInput>
void infer_reduction_of(Inference& node) {
  infer_reduction(node, node.version() >= kAxesInput);
}

template <typename Rule, typename TypeList = ReducedNumbers, int kAxesInput = 18>
constexpr Operator reduction(std::string_view name, Versions versions,
                             Tolerance tolerance = Tolerance::kRounding) {
  return {.domain = "",
          .name = name,
          .versions = versions,
          .inputs = {1, 2},
          .infer = infer_reduction_of<kAxesInput>,
          .create = make<Reduction<Rule, TypeList, kAxesInput>>,
          .tolerance = tolerance};
}

}  // namespace escuta::ops
