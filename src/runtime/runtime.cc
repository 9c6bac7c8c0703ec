#include <escuta/runtime.h>
#include <fmt/format.h>

#include <exception>
#include <mutex>
#include <new>
#include <utility>

#include "base/cpu.h"
#include "engine/session.h"
#include "kernels/table.h"
#include "registry/registry.h"
#include "runtime/access.h"
#include "runtime/run.h"
#include "runtime/worker_queue.h"

namespace escuta::api {
namespace {

// A model with the providers that run it; they outlive it.
struct Loaded {
  engine::Registry registry;
  std::shared_ptr<engine::Session> session;
};

Status closed() {
  return Status(Code::kFailedPrecondition, "expected a loaded model, found one that was closed");
}

// The wall for what libraries throw.
template <typename F>
auto guarded(F&& function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return Status(Code::kResourceExhausted, "out of memory");
  } catch (const std::exception& error) {
    return Status(Code::kInternal, error.what());
  }
}

escuta::Result<std::shared_ptr<const Loaded>> load_model(const std::filesystem::path& path,
                                                         const Options& options) {
  RETURN_IF_ERROR(kernels::check_forced_isa());
  std::string list;
  for (const std::string& name : options.providers) list += (list.empty() ? "" : ",") + name;
  engine::SessionOptions session;
  ASSIGN_OR_RETURN(session.providers, engine::parse_provider_list(list));
  session.compile.threads = options.threads;
  session.compile.passes_off = options.passes_off;
  session.compile.fast_kernels = options.fast_kernels;
  session.compile.provider_options = options.provider_options;
  auto loaded = std::make_shared<Loaded>();
  RETURN_IF_ERROR(add_all_providers(loaded->registry, {options.plugins}));
  ASSIGN_OR_RETURN(loaded->session, engine::Session::load(loaded->registry, path, session));
  return std::shared_ptr<const Loaded>(std::move(loaded));
}

escuta::Result<Outputs> run_once(const engine::Session& session, const Inputs& inputs,
                                 const RunOptions& options) {
  ASSIGN_OR_RETURN(const Bound bound, bind(session, inputs));
  ASSIGN_OR_RETURN(const Wanted wanted, choose_outputs(session, options.outputs));
  return run_bound(session, bound, wanted, control_of(options));
}

std::vector<Port> ports(std::span<const engine::IoInfo> list) {
  std::vector<Port> made;
  for (const engine::IoInfo& io : list) {
    made.push_back({io.name, static_cast<DType>(io.dtype), io.dims, io.symbols, io.ranked,
                    io.optional, engine::describe(io)});
  }
  return made;
}

}  // namespace

struct Runtime::State {
  State(std::filesystem::path path_, const Options& options_)
      : path(std::move(path_)),
        options(options_),
        queue(options.async_workers, options.async_queue) {}

  std::shared_ptr<const Loaded> get() const {
    const std::lock_guard lock(mutex);
    return loaded;
  }

  const std::filesystem::path path;
  const Options options;  // providers: those it was loaded with at first
  mutable std::mutex mutex;
  std::shared_ptr<const Loaded> loaded;  // null: closed
  WorkerQueue queue;
};

Runtime::Runtime(std::shared_ptr<State> state) : state_(std::move(state)) {}
Runtime::Runtime(Runtime&&) noexcept = default;
Runtime& Runtime::operator=(Runtime&& other) noexcept {
  if (this != &other) {
    close();
    state_ = std::move(other.state_);
  }
  return *this;
}
Runtime::~Runtime() { close(); }

Result<Runtime> Runtime::load(const std::filesystem::path& model, const Options& options) {
  return guarded([&]() -> Result<Runtime> {
    auto loaded = load_model(model, options);
    if (!loaded.ok()) return to_public(loaded.status());
    auto state = std::make_shared<State>(model, options);
    state->loaded = std::move(loaded).value();
    return Runtime(std::move(state));
  });
}

Result<Outputs> Runtime::run(const Inputs& inputs, const RunOptions& options) const {
  return guarded([&]() -> Result<Outputs> {
    const std::shared_ptr<const Loaded> loaded = state_->get();
    if (loaded == nullptr) return closed();
    return to_public(run_once(*loaded->session, inputs, options));
  });
}

std::vector<Result<Outputs>> Runtime::run_batch(std::span<const Inputs> items,
                                                const RunOptions& options,
                                                Batching batching) const {
  std::vector<Result<Outputs>> results;
  const Status status = guarded([&]() -> Status {
    const std::shared_ptr<const Loaded> loaded = state_->get();
    if (loaded == nullptr) return closed();
    results = run_items(*loaded->session, items, options, batching);
    return Status();
  });
  if (!status.ok()) results.assign(items.size(), status);
  return results;
}

Status Runtime::run_async(Inputs inputs, RunOptions options,
                          std::function<void(Result<Outputs>)> done) const {
  return guarded([&]() -> Status {
    // The job keeps the model, not this Runtime, which may be closed first.
    const std::shared_ptr<const Loaded> loaded = state_->get();
    if (loaded == nullptr) return closed();
    const auto answer =
        state_->queue.submit([loaded, inputs = std::move(inputs), options = std::move(options),
                              done = std::move(done)](bool closing) {
          if (closing) {
            done(Status(Code::kCancelled, "the model was closed before the run began"));
            return;
          }
          done(guarded([&]() -> Result<Outputs> {
            return to_public(run_once(*loaded->session, inputs, options));
          }));
        });
    if (answer == WorkerQueue::Answer::kClosed) return closed();
    if (answer == WorkerQueue::Answer::kFull) {
      return Status(Code::kResourceExhausted,
                    fmt::format("expected at most {} runs to wait, found one more; try again "
                                "when some have ended, or raise async_queue",
                                state_->options.async_queue));
    }
    return Status();
  });
}

std::future<Result<Outputs>> Runtime::run_async(Inputs inputs, RunOptions options) const {
  auto promise = std::make_shared<std::promise<Result<Outputs>>>();
  std::future<Result<Outputs>> future = promise->get_future();
  const Status status =
      run_async(std::move(inputs), std::move(options),
                [promise](Result<Outputs> result) { promise->set_value(std::move(result)); });
  if (!status.ok()) promise->set_value(status);
  return future;
}

Status Runtime::set_providers(const std::vector<std::string>& providers) const {
  return guarded([&]() -> Status {
    if (state_->get() == nullptr) return closed();
    Options options = state_->options;
    options.providers = providers;
    auto loaded = load_model(state_->path, options);
    if (!loaded.ok()) return to_public(loaded.status());
    std::shared_ptr<const Loaded> old = std::move(loaded).value();
    const std::lock_guard lock(state_->mutex);
    if (state_->loaded == nullptr) return closed();
    state_->loaded.swap(old);
    return Status();
  });
}

Metadata Runtime::metadata() const {
  Metadata metadata;
  const std::shared_ptr<const Loaded> loaded = state_->get();
  if (loaded == nullptr) return metadata;
  const graph::Model& model = loaded->session->model();
  metadata.producer_name = model.producer_name;
  metadata.producer_version = model.producer_version;
  metadata.domain = model.domain;
  metadata.graph_name = model.graph.name;
  metadata.doc = model.doc;
  metadata.ir_version = model.ir_version;
  metadata.model_version = model.model_version;
  for (const onnx::OpsetImport& opset : model.opsets) {
    metadata.opsets[opset.domain] = opset.version;
  }
  metadata.inputs = ports(loaded->session->inputs());
  metadata.outputs = ports(loaded->session->outputs());
  for (const auto& [key, value] : model.metadata) metadata.custom[key] = value;
  return metadata;
}

std::vector<Placement> Runtime::placements() const {
  std::vector<Placement> made;
  const std::shared_ptr<const Loaded> loaded = state_->get();
  if (loaded == nullptr) return made;
  for (const engine::Placement& place : loaded->session->placements()) {
    made.push_back({place.provider, place.nodes, place.reason});
  }
  return made;
}

void Runtime::close() const {
  const std::shared_ptr<State> state = state_;  // a callback may destroy this Runtime meanwhile
  if (state == nullptr) return;                 // moved from
  std::shared_ptr<const Loaded> loaded;
  {
    const std::lock_guard lock(state->mutex);
    loaded.swap(state->loaded);
  }
  state->queue.close();
}

DeviceInfo device_info() {
  const CpuInfo cpu = cpu_info();
  return {cpu.model, cpu.cores_online, cpu.cores_available,
          cpu.isas,  cpu.memory_total, cpu.memory_available};
}

Result<std::vector<ProviderInfo>> list_providers(const std::vector<std::string>& plugins) {
  return guarded([&]() -> Result<std::vector<ProviderInfo>> {
    engine::Registry registry;
    const escuta::Status status = add_all_providers(registry, {plugins});
    if (!status.ok()) return to_public(status);
    std::vector<ProviderInfo> list;
    for (const auto& provider : registry.providers()) {
      const engine::Availability& state = provider->availability();
      list.push_back({std::string(provider->name()), state.available, state.reason, state.version,
                      state.device});
    }
    return list;
  });
}

}  // namespace escuta::api
