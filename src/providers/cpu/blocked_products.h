// What the fast recurrent layers share: the products of many steps' inputs in one go, activations
// over kernels/vector.
#pragma once

#include <array>

#include "kernels/table.h"
#include "kernels/table_entry.h"
#include "ops/recurrent.h"

namespace escuta::cpu {

class BlockedProducts : public ops::GateProducts<float> {
 public:
  // gates: of each step. Takes its memory from the call.
  Status prepare(ops::Call& call, const ops::RecurrentAttributes& attributes,
                 const ops::RecurrentSizes& sizes, int64_t gates) {
    sizes_ = sizes;
    width_ = gates * sizes.hidden;
    step_ = attributes.batchwise ? sizes.input : sizes.batch * sizes.input;
    sequence_ = attributes.batchwise ? sizes.steps * sizes.input : sizes.input;
    // Going backwards, sequences of different lengths are at different times at once.
    together_ = !attributes.batchwise &&
                !(call.has(4) && (attributes.reverse || attributes.directions == 2));
    constexpr int64_t kFloats = int64_t{1} << 20;
    const int64_t each = std::max<int64_t>(sizes.batch * width_, 1);
    block_ = std::clamp<int64_t>(kFloats / each, 1, std::max<int64_t>(sizes.steps, 1));
    ASSIGN_OR_RETURN(ready_, call.scratch_of<float>(block_ * each));
    ASSIGN_OR_RETURN(blocks_, call.scratch_of<int64_t>(std::max<int64_t>(sizes.batch, 1)));
    std::fill_n(blocks_, sizes.batch, -1);
    return {};
  }

  void input(int direction, int64_t t, int64_t b, float* gates) override {
    if (direction != direction_) std::fill_n(blocks_, sizes_.batch, -1);
    direction_ = direction;
    const int64_t block = t / block_, first = block * block_;
    const int64_t steps = std::min(block_, sizes_.steps - first);
    int64_t& known = blocks_[together_ ? 0 : b];
    float* own = ready_ + (together_ ? 0 : b * block_ * width_);
    if (known != block) {
      known = block;
      const int64_t at = first * step_ + (together_ ? 0 : b * sequence_);
      multiply_input(direction, at, together_ ? sizes_.input : step_,
                     together_ ? steps * sizes_.batch : steps, own);
    }
    const int64_t row = together_ ? (t - first) * sizes_.batch + b : t - first;
    std::copy_n(own + row * width_, width_, gates);
  }

  void apply(const ops::Activation& f, float* x, int64_t count) const override {
    if (f.kind == ops::Activation::Kind::kSigmoid) {
      kernels::kernels().vector.sigmoid(x, x, count);
    } else if (f.kind == ops::Activation::Kind::kTanh) {
      kernels::kernels().vector.tanh(x, x, count);
    } else {
      f.apply(x, count);
    }
  }

 protected:
  // dst [rows, width] = W x + bias for rows of x: the first at element `at`, `stride` apart.
  virtual void multiply_input(int direction, int64_t at, int64_t stride, int64_t rows,
                              float* dst) = 0;
  // The numbers of rows that multiply_input is asked for: of a whole block, and of the last one.
  std::array<int64_t, 2> row_counts() const {
    const int64_t each = together_ ? sizes_.batch : 1, last = sizes_.steps % block_;
    return {block_ * each, (last == 0 ? block_ : last) * each};
  }

  ops::RecurrentSizes sizes_;
  int64_t width_ = 0;

 private:
  int64_t step_ = 0, sequence_ = 0;  // elements of x from a time, or a sequence, to the next
  bool together_ = true;             // all sequences of a time at once
  int64_t block_ = 1;                // times that are multiplied at once
  int direction_ = 0;
  float* ready_ = nullptr;     // [block * batch, width] or, one by one, [batch, block, width]
  int64_t* blocks_ = nullptr;  // which block of times that is; -1: none
};

}  // namespace escuta::cpu
