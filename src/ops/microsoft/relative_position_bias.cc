// RelativePositionBias (com.microsoft 1): for each pair of positions, what a table says of their
// distance, which falls into buckets that widen with it (Raffel et al.: T5, 2020).
#include <algorithm>
#include <cmath>

#include "ops/microsoft/attention_parts.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

class RelativePositionBias final : public Kernel {
 public:
  explicit RelativePositionBias(const NodeInfo& node)
      : both_ways_(node.integer("is_bidirectional", 0) != 0),
        farthest_(node.integer("max_distance", 0)) {
    if (farthest_ <= 0) {
      node.fail(invalid_argument("expected max_distance over 0, found {}", farthest_));
    }
  }

  // The table's element of a bucket and a head is at head * buckets + bucket.
  Status run(Call& call) const override {
    RETURN_IF_ERROR(check_tensors(call, 3));
    RETURN_IF_ERROR(expect_shape(call, 0, "bias_table", {-1, -1}));
    const int64_t buckets = call.shape(0)[0], heads = call.shape(0)[1];
    if (buckets < (both_ways_ ? 4 : 2)) {
      return invalid_argument("expected {} buckets at least, found {}", both_ways_ ? 4 : 2,
                              buckets);
    }
    ASSIGN_OR_RETURN(const int64_t queries, count_input(call, 1, 0, INT32_MAX));
    ASSIGN_OR_RETURN(const int64_t keys, count_input(call, 2, 0, INT32_MAX));
    ASSIGN_OR_RETURN(const float* table, floats(call, 0));
    ASSIGN_OR_RETURN(const Shape shape, shape_of({1, heads, queries, keys}));
    ASSIGN_OR_RETURN(const FloatOutput output, FloatOutput::create(call, 0, call.dtype(0), shape));
    if (output.count() == 0) return {};
    for (int64_t i = 0; i < queries; ++i) {
      for (int64_t j = 0; j < keys; ++j) {
        const int64_t at = bucket(j - i, buckets);
        for (int64_t h = 0; h < heads; ++h) {
          output.data()[(h * queries + i) * keys + j] = table[h * buckets + at];
        }
      }
    }
    output.store();
    return {};
  }

 private:
  int64_t bucket(int64_t distance, int64_t buckets) const {
    int64_t base = 0;
    if (both_ways_) {
      buckets /= 2;
      if (distance > 0) base = buckets;
      distance = std::abs(distance);
    } else {
      distance = std::max<int64_t>(-distance, 0);
    }
    const int64_t exact = buckets / 2;  // distances that have a bucket each
    if (distance < exact) return base + distance;
    const double share = std::log(static_cast<double>(distance) / static_cast<double>(exact)) /
                         std::log(static_cast<double>(farthest_) / static_cast<double>(exact));
    // A max_distance of no more than `exact` makes the share infinite, negative or NaN.
    const double wide = share * static_cast<double>(buckets - exact);
    const int64_t rest = buckets - 1 - exact;
    return base + exact +
           (wide >= 0 && wide < static_cast<double>(rest) ? static_cast<int64_t>(wide) : rest);
  }

  bool both_ways_;
  int64_t farthest_;
};

void infer(Inference& node) {
  const auto length = [&](size_t i) {
    const auto value = node.constant_ints(i);
    return value && value->size() == 1 && (*value)[0] >= 0 ? Dim((*value)[0]) : Dim();
  };
  const Dim heads = node.rank(0) == 2 ? (*node.shape(0))[1] : Dim();
  node.set(0, node.dtype(0), Dims{Dim(int64_t{1}), heads, length(1), length(2)});
}

}  // namespace

extern const Operator kMsRelativePositionBias = {.domain = "com.microsoft",
                                                 .name = "RelativePositionBias",
                                                 .versions = {1},
                                                 .inputs = {3, 3},
                                                 .infer = infer,
                                                 .create = make<RelativePositionBias>,
                                                 .tolerance = Tolerance::kRounding};

}  // namespace escuta::ops
