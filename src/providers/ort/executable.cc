#include "providers/ort/executable.h"

#include <algorithm>

#include "engine/check_inputs.h"
#include "graph/export.h"
#include "onnx/writer.h"
#include "providers/ort/value.h"

namespace escuta::ort {
namespace {

using engine::IoInfo;
using engine::Value;

// Records which execution provider took which node (API 24); costs nothing at run time.
constexpr const char* kRecordAssignment = "session.record_ep_graph_assignment_info";

Result<IoInfo> read_io(const Library& library, char* name, OrtTypeInfo* type) {
  const OrtFunctions& api = library.api();
  IoInfo io;
  io.name = library.take_string(name);
  const TypeInfoHandle owner(api, type);
  const OrtTensorTypeAndShapeInfo* tensor = nullptr;  // borrowed from `type`
  RETURN_IF_ERROR(library.take(api.CastTypeInfoToTensorInfo(type, &tensor)));
  if (tensor == nullptr) return io;  // a sequence, map or optional: kUndefined
  ASSIGN_OR_RETURN(TensorInfo info, read_tensor_info(library, tensor));
  io.dtype = info.dtype;
  io.dims = std::move(info.dims);
  io.symbols = std::move(info.symbols);
  return io;
}

using Count = OrtStatus* (*)(const OrtSession*, size_t*);
using TypeOf = OrtStatus* (*)(const OrtSession*, size_t, OrtTypeInfo**);
using NameOf = OrtStatus* (*)(const OrtSession*, size_t, OrtAllocator*, char**);

Status read_all(const Library& library, const OrtSession* session, Count count, NameOf name_of,
                TypeOf type_of, bool optional, std::vector<IoInfo>& out) {
  OrtAllocator* allocator = nullptr;
  RETURN_IF_ERROR(library.take(library.api().GetAllocatorWithDefaultOptions(&allocator)));
  size_t n = 0;
  RETURN_IF_ERROR(library.take(count(session, &n)));
  for (size_t i = 0; i < n; ++i) {
    OrtTypeInfo* type = nullptr;
    char* name = nullptr;
    RETURN_IF_ERROR(library.take(type_of(session, i, &type)));
    const Status named = library.take(name_of(session, i, allocator, &name));
    ASSIGN_OR_RETURN(IoInfo io, read_io(library, name, type));
    RETURN_IF_ERROR(named);
    io.optional = optional;
    out.push_back(std::move(io));
  }
  return Status();
}

}  // namespace

Result<std::unique_ptr<OrtExecutable>> OrtExecutable::create(
    std::shared_ptr<const Library> library, const graph::Model& model, SharedWeights* weights,
    const ExecutionProvider& provider, const engine::CompileOptions& options) {
  if (options.precision != engine::Precision::kModel) {
    return unimplemented(
        "ONNX Runtime runs a model in its own types; provider cpu has precision int8, and a model "
        "quantised beforehand runs on both");
  }
  engine::CompileOptions full = options;
  // Without more than one provider there is nothing to record.
  if (!provider.ort_name.empty()) full.session_config.emplace(kRecordAssignment, "1");
  ASSIGN_OR_RETURN(const SessionOptionsHandle session_options,
                   make_session_options(*library, provider, full));
  std::unique_ptr<OrtExecutable> made(new OrtExecutable(std::move(library)));
  if (model.path.empty()) {  // a part of a model
    ASSIGN_OR_RETURN(const std::string bytes, onnx::serialize_model(graph::export_model(model)));
    RETURN_IF_ERROR(made->library_->take(made->library_->api().CreateSessionFromArray(
        made->library_->env(), bytes.data(), bytes.size(), session_options.get(),
        made->session_.out())));
    return finish(std::move(made), model, provider, options);
  }
  if (weights != nullptr) {
    ASSIGN_OR_RETURN(made->weights_, weights->attach(model, session_options.get()));
  }
  RETURN_IF_ERROR(made->weights_.create_session(*made->library_, model.path, session_options.get(),
                                                made->session_.out()));
  return finish(std::move(made), model, provider, options);
}

Result<std::unique_ptr<OrtExecutable>> OrtExecutable::finish(
    std::unique_ptr<OrtExecutable> made, const graph::Model& model,
    const ExecutionProvider& provider, const engine::CompileOptions& options) {
  made->profiling_ = !options.profile.empty();
  RETURN_IF_ERROR(made->read_signature());
  made->find_unranked(model.graph);
  RETURN_IF_ERROR(made->read_output_memory());
  RETURN_IF_ERROR(made->read_assignments(provider));
  return made;
}

Status OrtExecutable::read_signature() {
  const OrtFunctions& api = library_->api();
  const OrtSession* session = session_.get();
  RETURN_IF_ERROR(read_all(*library_, session, api.SessionGetInputCount, api.SessionGetInputName,
                           api.SessionGetInputTypeInfo, false, inputs_));
  RETURN_IF_ERROR(read_all(*library_, session, api.SessionGetOverridableInitializerCount,
                           api.SessionGetOverridableInitializerName,
                           api.SessionGetOverridableInitializerTypeInfo, true, inputs_));
  return read_all(*library_, session, api.SessionGetOutputCount, api.SessionGetOutputName,
                  api.SessionGetOutputTypeInfo, false, outputs_);
}

// Outputs stay where the execution provider makes them, so that state need not leave its device.
void OrtExecutable::find_unranked(const graph::Graph& graph) {
  for (std::vector<IoInfo>* list : {&inputs_, &outputs_}) {
    for (IoInfo& io : *list) {
      const graph::ValueId id = graph.find(io.name);
      io.ranked =
          !io.dims.empty() || id == graph::kNoValue || graph.value(id).fact.shape.has_value();
    }
  }
}

Status OrtExecutable::read_output_memory() {
  output_memory_.assign(outputs_.size(), library_->cpu_memory());
  const OrtFunctions& api = library_->api();
  if (api.SessionGetMemoryInfoForOutputs == nullptr || outputs_.empty()) return Status();
  return library_->take(
      api.SessionGetMemoryInfoForOutputs(session_.get(), output_memory_.data(), outputs_.size()));
}

Status OrtExecutable::read_assignments(const ExecutionProvider& provider) {
  const OrtFunctions& api = library_->api();
  if (provider.ort_name.empty() || api.Session_GetEpGraphAssignmentInfo == nullptr) {
    return Status();
  }
  const OrtEpAssignedSubgraph* const* subgraphs = nullptr;
  size_t count = 0;
  RETURN_IF_ERROR(
      library_->take(api.Session_GetEpGraphAssignmentInfo(session_.get(), &subgraphs, &count)));
  int own = 0, others = 0;  // what is not its own runs on ONNX Runtime's CPU provider
  for (size_t i = 0; i < count; ++i) {
    const char* ep_name = nullptr;
    const OrtEpAssignedNode* const* members = nullptr;
    size_t n = 0;
    RETURN_IF_ERROR(library_->take(api.EpAssignedSubgraph_GetEpName(subgraphs[i], &ep_name)));
    RETURN_IF_ERROR(library_->take(api.EpAssignedSubgraph_GetNodes(subgraphs[i], &members, &n)));
    (ep_name == provider.ort_name ? own : others) += static_cast<int>(n);
  }
  assignments_.push_back({provider.name, own});
  if (others > 0) assignments_.push_back({"ort", others});
  return Status();
}

Status OrtExecutable::bind_inputs(std::span<const Value> inputs, OrtIoBinding* binding,
                                  std::vector<ValueHandle>& borrowed,
                                  std::vector<Tensor>& copies) const {
  const OrtFunctions& api = library_->api();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i]) continue;
    const char* name = inputs_[i].name.c_str();
    const auto* own = dynamic_cast<const OrtStorage*>(inputs[i].storage());
    if (own != nullptr && own->library() == library_.get()) {
      RETURN_IF_ERROR(library_->take(api.BindInput(binding, name, own->get())));
      continue;
    }
    Result<TensorView> view = inputs[i].view();
    if (!view.ok()) {  // on another provider's device
      ASSIGN_OR_RETURN(Tensor copy, inputs[i].to_host());
      copies.push_back(std::move(copy));
      view = copies.back().view();
    }
    ASSIGN_OR_RETURN(ValueHandle value, borrow_tensor(*library_, *view));
    RETURN_IF_ERROR(library_->take(api.BindInput(binding, name, value.get())));
    borrowed.push_back(std::move(value));
  }
  return Status();
}

Status OrtExecutable::run(std::span<const Value> inputs, std::span<const bool> wanted,
                          std::span<Value> outputs, const engine::RunControl& control) const {
  RETURN_IF_ERROR(engine::check_run(inputs_, outputs_, inputs, wanted));
  RETURN_IF_ERROR(control.check());
  const OrtFunctions& api = library_->api();
  BindingHandle binding(api);
  RETURN_IF_ERROR(library_->take(api.CreateIoBinding(session_.get(), binding.out())));
  std::vector<ValueHandle> borrowed;
  std::vector<Tensor> copies;
  RETURN_IF_ERROR(bind_inputs(inputs, binding.get(), borrowed, copies));
  std::vector<size_t> bound;
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (!wanted.empty() && !wanted[i]) continue;
    RETURN_IF_ERROR(library_->take(
        api.BindOutputToDevice(binding.get(), outputs_[i].name.c_str(), output_memory_[i])));
    bound.push_back(i);
  }
  RETURN_IF_ERROR(library_->take(api.RunWithBinding(session_.get(), nullptr, binding.get())));

  OrtAllocator* allocator = nullptr;
  RETURN_IF_ERROR(library_->take(api.GetAllocatorWithDefaultOptions(&allocator)));
  OrtValue** made = nullptr;
  size_t count = 0;
  RETURN_IF_ERROR(
      library_->take(api.GetBoundOutputValues(binding.get(), allocator, &made, &count)));
  std::vector<ValueHandle> owned;
  for (size_t i = 0; i < count; ++i) owned.emplace_back(api, made[i]);
  if (made != nullptr) RETURN_IF_ERROR(library_->take(api.AllocatorFree(allocator, made)));
  if (count != bound.size()) {
    return internal_error("expected {} outputs from ONNX Runtime, found {}", bound.size(), count);
  }
  std::fill(outputs.begin(), outputs.end(), Value());
  for (size_t i = 0; i < count; ++i) {
    auto value = OrtStorage::wrap(library_, std::move(owned[i]));
    if (!value.ok()) return value.status().with_context("output `" + outputs_[bound[i]].name + "`");
    outputs[bound[i]] = std::move(value).value();
  }
  return Status();
}

Result<std::filesystem::path> OrtExecutable::end_profiling() {
  if (!profiling_) {
    return failed_precondition("expected a session compiled with a profile path, found none");
  }
  const OrtFunctions& api = library_->api();
  OrtAllocator* allocator = nullptr;
  char* path = nullptr;
  RETURN_IF_ERROR(library_->take(api.GetAllocatorWithDefaultOptions(&allocator)));
  RETURN_IF_ERROR(library_->take(api.SessionEndProfiling(session_.get(), allocator, &path)));
  profiling_ = false;
  return std::filesystem::path(library_->take_string(path));
}

}  // namespace escuta::ort
