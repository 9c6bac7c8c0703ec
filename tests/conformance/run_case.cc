#include "run_case.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/files.h"
#include "onnx/reader.h"
#include "onnx/test_data.h"

namespace escuta::conformance {
namespace {

namespace fs = std::filesystem;

// What the model says of itself, read apart from the engine: a mistake of the engine's import must
// not change what is expected of it.
struct Signature {
  std::vector<onnx::ValueInfo> inputs;  // without those that have a default
  std::vector<onnx::ValueInfo> outputs;
};

Result<Signature> read_signature(const fs::path& model) {
  ASSIGN_OR_RETURN(onnx::Model read,
                   onnx::read_model(model, {.load_external_data = false, .align_data_under = 0}));
  std::set<std::string> defaults;
  for (const auto& initializer : read.graph.initializers) defaults.insert(initializer.name);
  for (const auto& sparse : read.graph.sparse_initializers) defaults.insert(sparse.values.name);
  std::erase_if(read.graph.inputs, [&](const auto& info) { return defaults.contains(info.name); });
  return Signature{std::move(read.graph.inputs), std::move(read.graph.outputs)};
}

Result<std::vector<fs::path>> data_sets(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().filename().string().starts_with("test_data_set_")) {
      found.push_back(entry.path());
    }
  }
  if (found.empty()) return not_found("expected data sets in the case's folder, found none");
  std::ranges::sort(found);
  return found;
}

// An input that has no file is absent.
Result<std::vector<Datum>> read_values(const fs::path& folder, const std::string& prefix,
                                       const std::vector<onnx::ValueInfo>& infos) {
  std::vector<Datum> values;
  for (size_t i = 0; i < infos.size(); ++i) {
    const fs::path path = folder / fmt::format("{}_{}.pb", prefix, i);
    if (!fs::exists(path) && prefix == "input") {
      values.emplace_back();
      continue;
    }
    ASSIGN_OR_RETURN(const onnx::DataFile file, onnx::read_data(path, infos[i].type.kind));
    auto datum = onnx::to_datum(file.value);
    if (!datum.ok()) return datum.status().with_context(path.filename().string());
    values.push_back(*std::move(datum));
  }
  return values;
}

// Messages about a file start with its path; whoever reads of a case knows it.
Status without_path(const Status& status, const fs::path& path) {
  const std::string prefix = path.string() + ": ";
  return status.message().starts_with(prefix)
             ? Status(status.code(), std::string(status.message().substr(prefix.size())))
             : status;
}

Result<std::vector<Datum>> run_engine(const engine::Session& session, const Signature& signature,
                                      const std::vector<Datum>& inputs) {
  std::vector<engine::Value> values(session.inputs().size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto index = session.input_index(signature.inputs[i].name);
    if (!index) return internal_error("the session lacks input `{}`", signature.inputs[i].name);
    values[*index] = engine::Value::of(inputs[i]);
  }
  ASSIGN_OR_RETURN(const std::vector<engine::Value> results, session.run(values));
  std::vector<Datum> outputs;
  for (const onnx::ValueInfo& info : signature.outputs) {
    const auto index = session.output_index(info.name);
    if (!index) return internal_error("the session lacks output `{}`", info.name);
    ASSIGN_OR_RETURN(Datum output, results[*index].to_datum());
    outputs.push_back(std::move(output));
  }
  return outputs;
}

Status compare_outputs(const Signature& signature, const std::vector<Datum>& expected,
                       const std::vector<Datum>& found, const Tolerance& tolerance) {
  for (size_t i = 0; i < expected.size(); ++i) {
    const std::string differs = difference(expected[i], found[i], tolerance);
    if (!differs.empty()) {
      return data_loss("output {} `{}`: {}", i, signature.outputs[i].name, differs);
    }
  }
  return Status();
}

// Why another engine has no outputs for this case.
Status recorded_error(const fs::path& folder) {
  constexpr size_t kLongest = 1 << 16;
  const fs::path path = folder / "error.txt";
  if (!fs::exists(path)) return Status();
  ASSIGN_OR_RETURN(const std::string reason, read_file(path, kLongest));
  return Status(StatusCode::kUnknown, reason);
}

}  // namespace

Status run_case(const engine::Registry& registry, const fs::path& folder,
                const RunOptions& options) {
  ASSIGN_OR_RETURN(const Signature signature, read_signature(folder / "model.onnx"));
  ASSIGN_OR_RETURN(const std::vector<fs::path> sets, data_sets(folder));
  const fs::path recorded =
      options.outputs.empty() ? fs::path() : options.outputs / folder.filename();
  std::shared_ptr<engine::Session> session;
  if (recorded.empty()) {
    auto loaded = engine::Session::load(registry, folder / "model.onnx", options.session);
    if (!loaded.ok()) return without_path(loaded.status(), folder / "model.onnx");
    session = *std::move(loaded);
  } else {
    RETURN_IF_ERROR(recorded_error(recorded));
  }
  for (const fs::path& set : sets) {
    ASSIGN_OR_RETURN(const auto inputs, read_values(set, "input", signature.inputs));
    ASSIGN_OR_RETURN(const auto expected, read_values(set, "output", signature.outputs));
    auto found = recorded.empty()
                     ? run_engine(*session, signature, inputs)
                     : read_values(recorded / set.filename(), "output", signature.outputs);
    RETURN_IF_ERROR(found.status());
    RETURN_IF_ERROR(compare_outputs(signature, expected, *found, options.tolerance));
  }
  return Status();
}

}  // namespace escuta::conformance
