// The memory of one run of a Program: a datum per slot, the arena, frames of the bodies.
//
// One run at a time; kept between runs, so that a warmed run allocates nothing.
#pragma once

#include <memory>
#include <random>
#include <span>
#include <vector>

#include "base/status.h"
#include "engine/program.h"
#include "engine/provider.h"
#include "tensor/buffer.h"
#include "tensor/memory_range.h"

namespace escuta::engine {

// What the runs of an executable have in common.
struct RunSettings {
  std::shared_ptr<BufferPool> pool;  // memory of what leaves the run
  int threads = 1;
  bool fast = true;                  // ops::Call::fast
  class Profile* profile = nullptr;  // where each step's time goes; nullptr: nowhere
};

class Frame {
 public:
  Frame(const Program& program, const RunSettings& settings);

  // inputs: per graph input, then per optional input; none for an absent one. captured: per
  // capture. outputs: per graph output, owned; left alone where wanted is false (empty: all are
  // wanted).
  Status run(std::span<const Datum> inputs, std::span<const Datum* const> captured,
             std::span<const bool> wanted, std::span<Datum> outputs, const RunControl& control);

 private:
  class StepCall;
  struct StepSlots {
    std::vector<const Datum*> inputs;
    std::vector<Datum*> outputs;
    std::vector<std::unique_ptr<Frame>> bodies;
    std::vector<std::vector<const Datum*>> captured;
  };

  Status run_steps(const RunControl& control);
  Status run_step(size_t index, const RunControl& control);
  Status keep_outputs(const Step& step);
  void adopt_plan();
  void release_values();
  Result<Datum> place(const Step& step, int slot, DType dtype, const Shape& shape);
  bool take_over(const Step& step, int slot, DType dtype, const Shape& shape, size_t bytes,
                 Datum& result);
  bool in_arena(const Datum& datum) const;
  Status make_dense(const Step& step);

  const Program& program_;
  const RunSettings& settings_;
  std::vector<Datum> values_;
  std::vector<StepSlots> slots_;
  std::shared_ptr<const ArenaPlan> plan_;
  Buffer arena_;
  std::shared_ptr<MemoryRange> unplanned_;  // of values, while there is no plan
  RunTrace trace_;
  bool outgrown_ = false;  // something did not fit the plan
  bool has_room_ = false;  // a tensor with room for more rows may be among the values
  Buffer scratch_;
  size_t scratch_used_ = 0, scratch_wanted_ = 0;
  std::vector<Buffer> more_scratch_, unwanted_;
  std::mt19937_64 random_;
};

}  // namespace escuta::engine
