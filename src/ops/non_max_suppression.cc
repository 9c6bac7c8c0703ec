// NonMaxSuppression (ai.onnx 10, 11): of each class the boxes with the best scores, without those
// that overlap a better one too much; as triples of batch, class and box index.
#include <algorithm>

#include "ops/arguments.h"
#include "ops/dims.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

void infer(Inference& node) { node.set(0, DType::kInt64, Dims{Dim(), Dim(int64_t{3})}); }

struct Box {
  float x_min, x_max, y_min, y_max;
  float area() const { return (x_max - x_min) * (y_max - y_min); }
};

// data: [y1, x1, y2, x2], corners in any order, or [x, y, width, height] around a centre.
Box read_box(const float* data, bool centered) {
  if (centered) {
    return {data[0] - data[2] / 2, data[0] + data[2] / 2, data[1] - data[3] / 2,
            data[1] + data[3] / 2};
  }
  return {std::min(data[1], data[3]), std::max(data[1], data[3]), std::min(data[0], data[2]),
          std::max(data[0], data[2])};
}

// Whether intersection over union is above the threshold.
bool overlap(const Box& a, const Box& b, float threshold) {
  const float width = std::min(a.x_max, b.x_max) - std::max(a.x_min, b.x_min);
  const float height = std::min(a.y_max, b.y_max) - std::max(a.y_min, b.y_min);
  if (!(width > 0) || !(height > 0)) return false;
  const float both = width * height;
  const float either = a.area() + b.area() - both;
  if (!(a.area() > 0) || !(b.area() > 0) || !(either > 0)) return false;
  return both / either > threshold;
}

// An optional scalar.
Result<float> read_float(const Call& call, size_t i, float absent) {
  if (!call.has(i) || (call.input(i).is_tensor() && call.input(i).count() == 0)) return absent;
  ASSIGN_OR_RETURN(const FloatList list, read_floats(call, i, "threshold"));
  if (list.count == 1) return static_cast<float>(list.values[0]);
  return invalid_argument("input {}: expected one number, found {}", i, list.count);
}

struct Thresholds {
  int64_t most = 0;  // boxes per class
  float iou = 0;
  float score = 0;
  bool has_score = false;
};

class NonMaxSuppression final : public Kernel {
 public:
  explicit NonMaxSuppression(const NodeInfo& node)
      : centered_(node.integer("center_point_box", 0) != 0) {}

  Status run(Call& call) const override {
    const Shape& boxes = call.shape(0);
    const Shape& scores = call.shape(1);
    if (call.dtype(0) != DType::kFloat || call.dtype(1) != DType::kFloat || boxes.rank() != 3 ||
        scores.rank() != 3 || boxes[2] != 4 || scores[0] != boxes[0] || scores[2] != boxes[1]) {
      return invalid_argument(
          "expected float boxes [B, N, 4] and scores [B, C, N], found {} and {}", boxes.to_string(),
          scores.to_string());
    }
    ASSIGN_OR_RETURN(const Thresholds thresholds, read_thresholds(call));
    const int64_t count = boxes[1];
    const int64_t most = std::min(count, thresholds.most);
    if (most == 0) return call.output<int64_t>(0, Shape{0, 3}).status();
    int64_t room = 0;
    if (__builtin_mul_overflow(scores[0] * scores[1], most, &room)) {
      return resource_exhausted("{} boxes for each of {} classes do not fit in memory", most,
                                scores[0] * scores[1]);
    }
    // Box indices, picked ones first, for each batch and class; and how many are picked.
    ASSIGN_OR_RETURN(int64_t * picked, call.scratch_of<int64_t>(room));
    ASSIGN_OR_RETURN(int64_t * order, call.scratch_of<int64_t>(count));
    ASSIGN_OR_RETURN(int64_t * counts, call.scratch_of<int64_t>(scores[0] * scores[1]));
    const float* all_boxes = call.input(0).as<float>().data();
    const float* all_scores = call.input(1).as<float>().data();
    int64_t total = 0;
    for (int64_t i = 0; i < scores[0] * scores[1]; ++i) {
      RETURN_IF_ERROR(call.check_cancelled());
      counts[i] = pick(all_boxes + i / scores[1] * count * 4, all_scores + i * count, count, most,
                       thresholds, order, picked + i * most);
      total += counts[i];
    }
    ASSIGN_OR_RETURN(int64_t * dst, call.output<int64_t>(0, Shape{total, 3}));
    for (int64_t i = 0; i < scores[0] * scores[1]; ++i) {
      for (int64_t k = 0; k < counts[i]; ++k) {
        *dst++ = i / scores[1];
        *dst++ = i % scores[1];
        *dst++ = picked[i * most + k];
      }
    }
    return {};
  }

 private:
  static Result<Thresholds> read_thresholds(const Call& call) {
    Thresholds thresholds;
    if (call.has(2) && call.input(2).count() > 0) {
      ASSIGN_OR_RETURN(const int64_t most, read_int(call, 2, "max_output_boxes_per_class"));
      thresholds.most = std::max<int64_t>(most, 0);
    }
    ASSIGN_OR_RETURN(thresholds.iou, read_float(call, 3, 0));
    ASSIGN_OR_RETURN(thresholds.score, read_float(call, 4, 0));
    thresholds.has_score = call.has(4);
    return thresholds;
  }

  // The boxes of one class; returns how many went to picked.
  int64_t pick(const float* boxes, const float* scores, int64_t count, int64_t most,
               const Thresholds& thresholds, int64_t* order, int64_t* picked) const {
    int64_t candidates = 0;
    for (int64_t i = 0; i < count; ++i) {
      // A score that is not a number is none.
      if (thresholds.has_score ? scores[i] > thresholds.score : scores[i] == scores[i]) {
        order[candidates++] = i;
      }
    }
    std::sort(order, order + candidates, [&](int64_t a, int64_t b) {
      return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
    });
    int64_t found = 0;
    for (int64_t i = 0; i < candidates && found < most; ++i) {
      const Box box = read_box(boxes + order[i] * 4, centered_);
      const bool suppressed = std::any_of(picked, picked + found, [&](int64_t other) {
        return overlap(box, read_box(boxes + other * 4, centered_), thresholds.iou);
      });
      if (!suppressed) picked[found++] = order[i];
    }
    return found;
  }

  bool centered_;
};

}  // namespace

extern const Operator kNonMaxSuppression = {.domain = "",
                                            .name = "NonMaxSuppression",
                                            .versions = {10, 11},
                                            .inputs = {2, 5},
                                            .infer = infer,
                                            .create = make<NonMaxSuppression>};

}  // namespace escuta::ops
