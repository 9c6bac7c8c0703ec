// A provider for tests: runs graphs of two kinds by itself and counts what it is asked.
//
// A step graph has inputs `x` and `past`, both float [1], and outputs `y` = x + past and `present`,
// which is y. A source graph has the input `x` and the outputs `y` = x and `present` = 10 * x.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/check_inputs.h"
#include "engine/session.h"
#include "onnx/writer.h"

namespace escuta::engine {

inline Value scalar(float x) {
  const float values[] = {x};
  return Value::of(Tensor::of<float>({1}, values).value());
}

inline float scalar_of(const Value& value) { return value.view().value().as<float>()[0]; }

// A model file for a graph with these inputs and outputs: one Sum node for each output. Removed
// with the object.
class ModelFile {
 public:
  ModelFile(std::vector<std::string> inputs, std::vector<std::string> outputs) {
    std::string folder = (std::filesystem::temp_directory_path() / "escuta-model-XXXXXX").string();
    path_ = std::filesystem::path(::mkdtemp(folder.data())) / "model.onnx";
    onnx::Model model;
    model.ir_version = 8;
    model.opset_imports = {{"", 17}};
    model.graph.name = "g";
    for (const std::string& name : inputs) model.graph.inputs.push_back(float_value(name));
    for (const std::string& name : outputs) {
      model.graph.outputs.push_back(float_value(name));
      onnx::NodeDef node;
      node.op_type = "Sum";
      node.inputs = inputs;
      node.outputs = {name};
      model.graph.nodes.push_back(node);
    }
    written_ = onnx::write_model(model, path_);
  }
  ~ModelFile() { std::filesystem::remove_all(path_.parent_path()); }
  ModelFile(const ModelFile&) = delete;
  ModelFile& operator=(const ModelFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const Status& written() const { return written_; }

 private:
  static onnx::ValueInfo float_value(const std::string& name) {
    onnx::ValueInfo info;
    info.name = name;
    info.type.kind = onnx::TypeDef::Kind::kTensor;
    info.type.dtype = DType::kFloat;
    info.type.shape = std::vector<onnx::DimDef>{int64_t{1}};
    return info;
  }
  std::filesystem::path path_;
  Status written_;
};

class FakeExecutable final : public Executable {
 public:
  FakeExecutable(const graph::Graph& graph, std::vector<Assignment> assignments)
      : assignments_(std::move(assignments)) {
    for (const graph::ValueId id : graph.inputs) inputs_.push_back(io(graph.value(id).name));
    for (const graph::ValueId id : graph.outputs) outputs_.push_back(io(graph.value(id).name));
  }
  std::span<const IoInfo> inputs() const override { return inputs_; }
  std::span<const IoInfo> outputs() const override { return outputs_; }
  std::span<const Assignment> assignments() const override { return assignments_; }

  Status run(std::span<const Value> inputs, std::span<const bool> wanted, std::span<Value> outputs,
             const RunControl&) const override {
    RETURN_IF_ERROR(check_run(inputs_, outputs_, inputs, wanted));
    last_inputs.assign(inputs.begin(), inputs.end());
    const float x = scalar_of(inputs[0]);
    if (x < 0) return internal_error("negative");
    const Value y = scalar(inputs.size() > 1 ? x + scalar_of(inputs[1]) : x);
    Value present = inputs.size() > 1 ? y : scalar(10 * x);
    if (x == 1000) present = Value::of(Tensor::create(DType::kFloat, {0}).value());
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (wanted.empty() || wanted[i]) outputs[i] = outputs_[i].name == "y" ? y : present;
    }
    return Status();
  }
  Result<std::filesystem::path> end_profiling() override {
    return failed_precondition("no profile");
  }

  static inline thread_local std::vector<Value> last_inputs;

 private:
  static IoInfo io(const std::string& name) {
    return {name, DType::kFloat, {1}, {""}, false, true, ""};
  }
  std::vector<IoInfo> inputs_, outputs_;
  std::vector<Assignment> assignments_;
};

class FakeProvider final : public Provider {
 public:
  FakeProvider(std::string name, Availability availability, Status compile_error = Status(),
               std::vector<Refusal> refused = {}, std::vector<Assignment> assignments = {})
      : name_(std::move(name)),
        availability_(std::move(availability)),
        compile_error_(std::move(compile_error)),
        refused_(std::move(refused)),
        assignments_(std::move(assignments)) {}

  std::string_view name() const override { return name_; }
  const Availability& availability() const override { return availability_; }
  std::vector<Refusal> refusals(const graph::Model&) const override { return refused_; }
  Result<std::unique_ptr<Executable>> compile(std::shared_ptr<const graph::Model> model,
                                              const CompileOptions&) const override {
    ++compiled;
    if (!compile_error_.ok()) return compile_error_;
    return std::unique_ptr<Executable>(new FakeExecutable(model->graph, assignments_));
  }

  mutable int compiled = 0;

 private:
  std::string name_;
  Availability availability_;
  Status compile_error_;
  std::vector<Refusal> refused_;
  std::vector<Assignment> assignments_;
};

}  // namespace escuta::engine
