#include "providers/ort/shared_weights.h"

#include <optional>

#include "providers/ort/value.h"

namespace escuta::ort {
namespace {

// The one file that all external weights are in; nullopt when there are none or several.
std::optional<std::string> only_file(const graph::Graph& graph) {
  std::optional<std::string> location;
  for (const graph::Value& value : graph.values()) {
    const graph::ConstantPtr& constant = value.fact.constant;
    if (constant == nullptr || !constant->external) continue;
    if (location && *location != constant->external->location) return std::nullopt;
    location = constant->external->location;
  }
  return location;
}

}  // namespace

Result<std::shared_ptr<WeightsFile>> SharedWeights::open(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<WeightsFile>& known = files_[path];
  if (auto file = known.lock()) return file;
  auto made = std::make_shared<WeightsFile>();
  made->library = library_;
  ASSIGN_OR_RETURN(made->file, MappedFile::open(path));
  made->packed = PrepackedHandle(library_->api());
  RETURN_IF_ERROR(
      library_->take(library_->api().CreatePrepackedWeightsContainer(made->packed.out())));
  known = made;
  return made;
}

Result<AttachedWeights> SharedWeights::attach(const graph::Model& model,
                                              OrtSessionOptions* options) {
  AttachedWeights attached;
  const auto location = only_file(model.graph);
  if (!location) return attached;
  std::error_code error;
  const auto path = std::filesystem::canonical(model.path.parent_path() / *location, error);
  if (error) return errno_status(error.value(), (model.path.parent_path() / *location).string());
  ASSIGN_OR_RETURN(attached.file_, open(path));
  const std::span<const std::byte> all = attached.file_->file->bytes();
  for (const graph::Value& value : model.graph.values()) {
    const graph::ConstantPtr& constant = value.fact.constant;
    if (constant == nullptr || !constant->external) continue;
    const uint64_t offset = constant->external->offset;
    ASSIGN_OR_RETURN(const size_t size, dtype_bytes(constant->dtype, constant->shape.count()));
    if (offset > all.size() || size > all.size() - offset) {
      return data_loss("{}: expected {} bytes at {}, found {} in the file", path.string(), size,
                       offset, all.size());
    }
    const TensorView view{constant->dtype, constant->shape, all.subspan(offset, size)};
    ASSIGN_OR_RETURN(ValueHandle handle, borrow_tensor(*library_, view));
    RETURN_IF_ERROR(
        library_->take(library_->api().AddInitializer(options, value.name.c_str(), handle.get())));
    attached.values_.push_back(std::move(handle));
  }
  return attached;
}

Status AttachedWeights::create_session(const Library& library, const std::filesystem::path& model,
                                       const OrtSessionOptions* options, OrtSession** out) const {
  const OrtFunctions& api = library.api();
  if (file_ == nullptr) {
    return library.take(api.CreateSession(library.env(), model.c_str(), options, out));
  }
  const Status status = library.take(api.CreateSessionWithPrepackedWeightsContainer(
      library.env(), model.c_str(), options, file_->packed.get(), out));
  // What was read to pack it stays in the system's cache, not in our memory.
  release_pages(file_->file->bytes());
  return status;
}

}  // namespace escuta::ort
