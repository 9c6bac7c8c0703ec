// A whole model as a session of ONNX Runtime, run with IO binding.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/provider.h"
#include "providers/ort/library.h"
#include "providers/ort/session_options.h"
#include "providers/ort/shared_weights.h"

namespace escuta::ort {

// Immutable but for end_profiling(), which comes after the last run. Any thread.
class OrtExecutable final : public engine::Executable {
 public:
  // Loads the model from its file, external data by its side, which it shares through `weights`
  // with other sessions; null: with none. The error is ONNX Runtime's.
  static Result<std::unique_ptr<OrtExecutable>> create(std::shared_ptr<const Library> library,
                                                       const graph::Model& model,
                                                       SharedWeights* weights,
                                                       const ExecutionProvider& provider,
                                                       const engine::CompileOptions& options);

  std::span<const engine::IoInfo> inputs() const override { return inputs_; }
  std::span<const engine::IoInfo> outputs() const override { return outputs_; }
  std::span<const engine::Assignment> assignments() const override { return assignments_; }
  Status run(std::span<const engine::Value> inputs, std::span<const bool> wanted,
             std::span<engine::Value> outputs, const engine::RunControl& control) const override;
  Result<std::filesystem::path> end_profiling() override;

 private:
  OrtExecutable(std::shared_ptr<const Library> library)
      : library_(std::move(library)), session_(library_->api()) {}
  static Result<std::unique_ptr<OrtExecutable>> finish(std::unique_ptr<OrtExecutable> made,
                                                       const graph::Model& model,
                                                       const ExecutionProvider& provider,
                                                       const engine::CompileOptions& options);
  Status read_signature();
  // ONNX Runtime shows a tensor of unknown rank as a scalar; the graph tells them apart.
  void find_unranked(const graph::Graph& graph);
  Status read_output_memory();
  Status read_assignments(const ExecutionProvider& provider);
  Status bind_inputs(std::span<const engine::Value> inputs, OrtIoBinding* binding,
                     std::vector<ValueHandle>& borrowed, std::vector<Tensor>& copies) const;

  std::shared_ptr<const Library> library_;
  AttachedWeights weights_;  // before the session, which reads them until it ends
  SessionHandle session_;
  bool profiling_ = false;
  std::vector<engine::IoInfo> inputs_, outputs_;
  std::vector<const OrtMemoryInfo*> output_memory_;  // where each output is to lie
  std::vector<engine::Assignment> assignments_;
};

}  // namespace escuta::ort
