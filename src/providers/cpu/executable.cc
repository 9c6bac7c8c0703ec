#include "providers/cpu/executable.h"

#include <algorithm>

#include "base/cpu.h"
#include "base/files.h"
#include "engine/check_inputs.h"
#include "passes/choose_rows.h"
#include "passes/keep_as_float16.h"
#include "passes/pass.h"
#include "providers/cpu/kernels.h"

namespace escuta::cpu {

using engine::Value;

namespace {

// Options that only another provider can honour.
Status check_options(const engine::CompileOptions& options) {
  std::string_view asked;
  if (!options.optimized_model.empty()) asked = "writing the rewritten graph";
  if (options.execution_mode != engine::ExecutionMode::kSequential)
    asked = "parallel execution mode";
  if (options.inter_op_threads > 1) asked = "threads between operators";
  if (!options.memory_arena || !options.memory_pattern) asked = "running without its arena";
  if (!options.session_config.empty()) asked = "ONNX Runtime's session configuration";
  if (!options.provider_options.empty()) asked = "options of a provider";
  if (asked.empty()) return Status();
  return unimplemented("provider cpu does not know {}; provider ort may", asked);
}

Result<graph::Model> optimize(const graph::Model& model, const engine::CompileOptions& options) {
  const passes::OptimizeOptions passes = {options.passes_off, {}};
  if (options.row_choices.empty()) return passes::optimize(model, passes);
  ASSIGN_OR_RETURN(graph::Model inferred, passes::optimize(model, {{"all"}, {}}));
  for (const engine::RowChoice& choice : options.row_choices) {
    RETURN_IF_ERROR(
        passes::choose_rows(inferred, choice.output, choice.axis, choice.input).status());
  }
  return passes::optimize(inferred, passes);
}

// Keeps these states in float16; `outputs` then says so.
Status compact_states(graph::Model& model, std::span<const std::string> names,
                      std::vector<engine::IoInfo>& outputs) {
  ASSIGN_OR_RETURN(const bool kept, passes::keep_as_float16(model, names));
  for (size_t i = 0; kept && i < outputs.size(); ++i) {
    const bool named = std::ranges::find(names, outputs[i].name) != names.end();
    if (named) outputs[i].dtype = model.graph.value(model.graph.outputs[i]).fact.dtype;
  }
  return Status();
}

void add_mapped(const graph::Graph& graph, std::vector<std::span<const std::byte>>& parts) {
  const auto add = [&](const graph::ConstantPtr& constant) {
    if (constant != nullptr && constant->mapped) parts.push_back(constant->bytes);
  };
  for (const graph::Value& value : graph.values()) {
    add(value.fact.constant);
    add(value.default_value);
  }
  for (const graph::Node& node : graph.nodes()) {
    for (const graph::GraphPtr& body : node.subgraphs()) add_mapped(*body, parts);
  }
}

// Gives the pages of the model's constants back to the system: building read around what it kept.
// What runs read of them comes back from the file.
void release_constants(const graph::Graph& graph) {
  std::vector<std::span<const std::byte>> parts;
  add_mapped(graph, parts);
  std::ranges::sort(parts, {}, [](const auto& part) { return part.data(); });
  std::span<const std::byte> whole;  // neighbours become one, so that pages they share go, too
  for (const auto& part : parts) {
    constexpr ptrdiff_t kGap = 4096;
    if (!whole.empty() && part.data() - (whole.data() + whole.size()) <= kGap) {
      const auto end = std::max(whole.data() + whole.size(), part.data() + part.size());
      whole = {whole.data(), end};
    } else {
      release_pages(whole);
      whole = part;
    }
  }
  release_pages(whole);
}

}  // namespace

Result<std::unique_ptr<CpuExecutable>> CpuExecutable::create(
    std::shared_ptr<const graph::Model> model, PackedWeights& weights,
    const engine::CompileOptions& options) {
  RETURN_IF_ERROR(check_options(options));
  std::unique_ptr<CpuExecutable> made(new CpuExecutable);
  // Callers see the model as its file has it, whatever passes find out about its outputs.
  made->outputs_ = engine::output_infos(model->graph);
  ASSIGN_OR_RETURN(graph::Model optimized, optimize(*model, options));
  if (options.precision == engine::Precision::kInt8) {
    RETURN_IF_ERROR(compact_states(optimized, options.compact_states, made->outputs_));
  }
  made->inputs_ = engine::input_infos(optimized.graph);
  made->model_ = std::make_unique<const graph::Model>(std::move(optimized));
  made->settings_.threads = options.threads > 0 ? options.threads : available_cores();
  made->settings_.fast = options.fast_kernels;
  const KernelContext context = {made->model_->path, &weights, made->settings_.threads,
                                 options.fast_kernels, options.precision};
  const auto choose = [&](const ops::Operator& op, const ops::NodeInfo& node) {
    return choose_kernel(context, op, node, nullptr);
  };
  ASSIGN_OR_RETURN(made->program_,
                   engine::Program::build(*made->model_, made->model_->graph, choose));
  release_constants(made->model_->graph);
  const graph::Graph& graph = made->program_->graph();
  for (const auto& ids : {graph.inputs, graph.optional_inputs}) {
    for (const graph::ValueId id : ids) {
      made->takes_fewer_items_.push_back(made->program_->takes_fewer_items(id));
    }
  }
  made->settings_.pool = BufferPool::create();
  if (!options.profile.empty()) {
    made->profile_path_ = options.profile;
    made->profile_path_ += ".json";
    made->profile_ = std::make_unique<engine::Profile>();
    made->settings_.profile = made->profile_.get();
  }
  return made;
}

std::unique_ptr<CpuExecutable::Worker> CpuExecutable::take_worker() const {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Worker> worker = std::move(idle_.back());
      idle_.pop_back();
      return worker;
    }
  }
  auto worker = std::make_unique<Worker>();
  worker->frame = std::make_unique<engine::Frame>(*program_, settings_);
  worker->inputs.resize(inputs_.size());
  worker->outputs.resize(outputs_.size());
  return worker;
}

void CpuExecutable::give_back(std::unique_ptr<Worker> worker) const {
  for (Datum& datum : worker->inputs) datum = Datum();
  for (Datum& datum : worker->outputs) datum = Datum();
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(worker));
}

Status CpuExecutable::run(std::span<const Value> inputs, std::span<const bool> wanted,
                          std::span<Value> outputs, const engine::RunControl& control) const {
  RETURN_IF_ERROR(engine::check_run(inputs_, outputs_, inputs, wanted));
  RETURN_IF_ERROR(control.check());
  std::unique_ptr<Worker> worker = take_worker();
  Status status;
  for (size_t i = 0; i < inputs.size() && status.ok(); ++i) {
    if (!inputs[i]) continue;
    Result<Datum> datum = inputs[i].to_datum();
    if (datum.ok()) {
      worker->inputs[i] = std::move(datum).value();
    } else {
      status = datum.status();
    }
  }
  if (status.ok()) {
    status = worker->frame->run(worker->inputs, {}, wanted, worker->outputs, control);
  }
  for (size_t i = 0; i < outputs.size() && status.ok(); ++i) {
    if (!control.state_stays && !worker->outputs[i].is_dense()) {  // an input that was handed on
      Result<Datum> dense = worker->outputs[i].to_dense();
      if (!dense.ok()) {
        status = dense.status();
        break;
      }
      worker->outputs[i] = std::move(dense).value();
    }
    outputs[i] = worker->outputs[i].is_none() ? Value() : Value::of(worker->outputs[i]);
  }
  give_back(std::move(worker));
  return status;
}

Result<std::filesystem::path> CpuExecutable::end_profiling() {
  if (profile_ == nullptr) {
    return failed_precondition("expected a session compiled with a profile path, found none");
  }
  RETURN_IF_ERROR(profile_->write(profile_path_));
  return profile_path_;
}

}  // namespace escuta::cpu
