#include "providers/ort/session_options.h"

#include "base/cpu.h"

namespace escuta::ort {
namespace {

constexpr const char* kWeightsOfSaved = "session.optimized_model_external_initializers_file_name";

// Threads that wait for work by spinning take the cores from whoever has work: other sessions of
// the same model first of all. Whisper base on 2 busy cores, decoder ms a token, median of 60: 51
// with, 18 without; the fastest without (13.6) is what a quiet machine gives with it (13.4).
constexpr const char* kSpinning[] = {"session.intra_op.allow_spinning",
                                     "session.inter_op.allow_spinning"};

int32_t optimization_level(engine::OptimizationLevel level) {
  switch (level) {
    case engine::OptimizationLevel::kNone:
      return kOptimizeNone;
    case engine::OptimizationLevel::kBasic:
      return kOptimizeBasic;
    case engine::OptimizationLevel::kExtended:
      return kOptimizeExtended;
    case engine::OptimizationLevel::kAll:
      return kOptimizeAll;
  }
  return kOptimizeAll;
}

Status set_basics(const Library& library, const engine::CompileOptions& options,
                  OrtSessionOptions* out) {
  const OrtFunctions& api = library.api();
  const int threads = options.threads > 0 ? options.threads : available_cores();
  RETURN_IF_ERROR(library.take(api.SetIntraOpNumThreads(out, threads)));
  if (options.inter_op_threads > 0) {
    RETURN_IF_ERROR(library.take(api.SetInterOpNumThreads(out, options.inter_op_threads)));
  }
  RETURN_IF_ERROR(library.take(api.SetSessionExecutionMode(
      out, options.execution_mode == engine::ExecutionMode::kParallel ? kModeParallel
                                                                      : kModeSequential)));
  RETURN_IF_ERROR(library.take(
      api.SetSessionGraphOptimizationLevel(out, optimization_level(options.optimization))));
  RETURN_IF_ERROR(library.take(options.memory_arena ? api.EnableCpuMemArena(out)
                                                    : api.DisableCpuMemArena(out)));
  RETURN_IF_ERROR(library.take(options.memory_pattern ? api.EnableMemPattern(out)
                                                      : api.DisableMemPattern(out)));
  if (!options.profile.empty()) {
    RETURN_IF_ERROR(library.take(api.EnableProfiling(out, options.profile.c_str())));
  }
  if (options.optimized_model.empty()) return Status();
  RETURN_IF_ERROR(
      library.take(api.SetOptimizedModelFilePath(out, options.optimized_model.c_str())));
  if (options.session_config.contains(kWeightsOfSaved)) return Status();
  // Otherwise the saved graph refers to external data of the old one, by a path from there.
  const std::string name = options.optimized_model.filename().string() + "_data";
  RETURN_IF_ERROR(library.take(api.AddSessionConfigEntry(out, kWeightsOfSaved, name.c_str())));
  return Status();
}

Status append_provider(const Library& library, const ExecutionProvider& provider,
                       const engine::CompileOptions& options, OrtSessionOptions* out) {
  const OrtFunctions& api = library.api();
  if (provider.ort_name.empty()) {
    if (options.provider_options.empty()) return Status();
    return invalid_argument("provider `{}` has no options of its own, found `{}`", provider.name,
                            options.provider_options.begin()->first);
  }
  std::vector<const char*> keys, values;
  for (const auto& [key, value] : options.provider_options) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  if (provider.device != nullptr) {
    return library.take(api.SessionOptionsAppendExecutionProvider_V2(
        out, library.env(), &provider.device, 1, keys.data(), values.data(), keys.size()));
  }
  return library.take(api.SessionOptionsAppendExecutionProvider(
      out, provider.ort_name.c_str(), keys.data(), values.data(), keys.size()));
}

}  // namespace

Result<SessionOptionsHandle> make_session_options(const Library& library,
                                                  const ExecutionProvider& provider,
                                                  const engine::CompileOptions& options) {
  const OrtFunctions& api = library.api();
  SessionOptionsHandle handle(api);
  RETURN_IF_ERROR(library.take(api.CreateSessionOptions(handle.out())));
  RETURN_IF_ERROR(set_basics(library, options, handle.get()));
  for (const char* key : kSpinning) {
    if (options.session_config.contains(key)) continue;
    RETURN_IF_ERROR(library.take(api.AddSessionConfigEntry(handle.get(), key, "0")));
  }
  for (const auto& [key, value] : options.session_config) {
    const Status status =
        library.take(api.AddSessionConfigEntry(handle.get(), key.c_str(), value.c_str()));
    if (!status.ok()) return status.with_context("session option `" + key + "`");
  }
  const Status status = append_provider(library, provider, options, handle.get());
  if (!status.ok()) return status.with_context("provider " + provider.name);
  return handle;
}

}  // namespace escuta::ort
