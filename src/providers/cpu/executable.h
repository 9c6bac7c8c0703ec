// A model compiled for the processor.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "engine/frame.h"
#include "engine/profile.h"
#include "engine/program.h"
#include "engine/provider.h"
#include "providers/cpu/packed_weights.h"

namespace escuta::cpu {

// Any thread. Each run takes a frame; frames are kept, so that a warmed run allocates nothing.
class CpuExecutable final : public engine::Executable {
 public:
  static Result<std::unique_ptr<CpuExecutable>> create(std::shared_ptr<const graph::Model> model,
                                                       PackedWeights& weights,
                                                       const engine::CompileOptions& options);

  std::span<const engine::IoInfo> inputs() const override { return inputs_; }
  std::span<const engine::IoInfo> outputs() const override { return outputs_; }
  Status run(std::span<const engine::Value> inputs, std::span<const bool> wanted,
             std::span<engine::Value> outputs, const engine::RunControl& control) const override;
  bool takes_fewer_items(size_t input) const override { return takes_fewer_items_[input]; }
  Result<std::filesystem::path> end_profiling() override;

 private:
  // A frame and room for the arguments of a run.
  struct Worker {
    std::unique_ptr<engine::Frame> frame;
    std::vector<Datum> inputs, outputs;
  };
  CpuExecutable() = default;
  std::unique_ptr<Worker> take_worker() const;
  void give_back(std::unique_ptr<Worker> worker) const;

  std::unique_ptr<const graph::Model> model_;  // rewritten
  std::vector<engine::IoInfo> inputs_, outputs_;
  std::unique_ptr<engine::Program> program_;
  std::vector<bool> takes_fewer_items_;  // per input
  engine::RunSettings settings_;
  std::filesystem::path profile_path_;
  std::unique_ptr<engine::Profile> profile_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Worker>> idle_;
};

}  // namespace escuta::cpu
