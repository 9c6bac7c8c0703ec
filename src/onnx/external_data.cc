#include "onnx/external_data.h"

#include <algorithm>
#include <system_error>

#include "base/printable.h"

namespace escuta::onnx {
namespace {

namespace fs = std::filesystem;

// Both canonical.
bool is_inside(const fs::path& path, const fs::path& folder) {
  const auto [folder_end, unused] =
      std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return folder_end == folder.end();
}

}  // namespace

Status ExternalFiles::check_location(const std::string& location) {
  const fs::path path(location);
  const char* fault = nullptr;
  if (location.empty()) {
    fault = "an empty one";
  } else if (location.find('\0') != std::string::npos) {
    fault = "one with a zero byte";
  } else if (path.is_absolute()) {
    fault = "an absolute path";
  } else if (std::ranges::find(path, fs::path("..")) != path.end()) {
    fault = "one with `..`";
  }
  if (fault == nullptr) return Status();
  return invalid_argument(
      "external data: expected a location inside the model's folder, found {}{}", fault,
      location.empty() ? "" : " (`" + printable(location) + "`)");
}

Result<ExternalFiles::FilePtr> ExternalFiles::open(const std::string& location) {
  if (const auto it = by_location_.find(location); it != by_location_.end()) return it->second;
  RETURN_IF_ERROR(check_location(location));
  if (folders_.empty()) {
    return invalid_argument("external data `{}`: the model was given without a folder to look in",
                            printable(location));
  }
  std::error_code error;
  const fs::path path = fs::canonical(folders_.front() / location, error);
  if (error) {
    return data_loss("external data: expected the file `{}` beside the model, found none ({})",
                     printable((folders_.front() / location).string(), 200), error.message());
  }
  const bool inside = std::ranges::any_of(folders_, [&](const fs::path& folder) {
    std::error_code ignored;
    const fs::path canonical = fs::canonical(folder, ignored);
    return !ignored && is_inside(path, canonical);
  });
  if (!inside) {
    return invalid_argument(
        "external data `{}`: expected a file inside the model's folder, found a link to {}",
        printable(location), printable(path.string(), 200));
  }
  FilePtr& file = by_path_[path];
  if (file == nullptr) {
    auto opened = MappedFile::open(path);
    if (!opened.ok()) return opened.status().with_context("external data");
    file = *std::move(opened);
    mapped_bytes_ += file->bytes().size();
  }
  by_location_.emplace(location, file);
  return file;
}

Result<std::span<const std::byte>> ExternalFiles::find(const ExternalData& place, size_t expected) {
  if (place.length && *place.length != expected) {
    return invalid_argument("external data `{}`: expected a length of {} bytes, found {}",
                            printable(place.location), expected, *place.length);
  }
  ASSIGN_OR_RETURN(const FilePtr file, open(place.location));
  const std::span<const std::byte> bytes = file->bytes();
  if (place.offset > bytes.size() || expected > bytes.size() - place.offset) {
    return data_loss("external data `{}`: expected {} bytes at offset {}, but the file has {}",
                     printable(place.location), expected, place.offset, bytes.size());
  }
  return bytes.subspan(place.offset, expected);
}

std::vector<std::shared_ptr<const void>> ExternalFiles::release() {
  std::vector<std::shared_ptr<const void>> owners;
  for (auto& [path, file] : by_path_) {
    if (file != nullptr) owners.push_back(std::move(file));
  }
  by_path_.clear();
  by_location_.clear();
  return owners;
}

}  // namespace escuta::onnx
