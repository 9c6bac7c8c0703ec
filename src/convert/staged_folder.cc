#include "convert/staged_folder.h"

#include <unistd.h>

#include <system_error>

namespace escuta::convert {
namespace {

namespace fs = std::filesystem;

Status write_failure(const fs::path& path, const std::error_code& error) {
  return errno_status(error.value(), path.string() + ": cannot write");
}

// The outermost folder of `path` that does not exist yet; empty if all do.
fs::path first_missing(fs::path path) {
  fs::path missing;
  std::error_code error;
  while (!path.empty() && !fs::exists(path, error)) {
    missing = path;
    if (!path.has_parent_path() || path.parent_path() == path) break;
    path = path.parent_path();
  }
  return missing;
}

}  // namespace

Result<StagedFolder> StagedFolder::create(const fs::path& destination) {
  std::error_code error;
  fs::path target = fs::absolute(destination, error).lexically_normal();
  if (error || destination.empty()) {
    return invalid_argument("expected the name of a folder to write, found `{}`",
                            destination.string());
  }
  if (!target.has_filename()) target = target.parent_path();  // "folder/"
  const fs::file_status status = fs::status(target, error);
  const bool existed = fs::exists(status);
  if (existed && !fs::is_directory(status)) {
    return invalid_argument("{}: expected a folder to write to, found a file",
                            destination.string());
  }
  const fs::path parent = existed ? target : target.parent_path();
  StagedFolder folder(target, existed, existed ? fs::path() : first_missing(parent));
  fs::create_directories(parent, error);
  if (error) return write_failure(destination, error);
  folder.path_ = parent / fmt::format(".{}.{}.part", target.filename().string(), ::getpid());
  // Left by a process of the same number that was killed.
  fs::remove_all(folder.path_, error);
  if (!fs::create_directory(folder.path_, error)) return write_failure(destination, error);
  return folder;
}

StagedFolder::StagedFolder(StagedFolder&& other) noexcept
    : destination_(std::move(other.destination_)),
      existed_(other.existed_),
      made_(std::exchange(other.made_, {})),
      path_(std::exchange(other.path_, {})) {}

StagedFolder::~StagedFolder() {
  std::error_code error;
  if (!path_.empty()) fs::remove_all(path_, error);
  if (made_.empty()) return;
  // Only folders that are still empty: remove() refuses others.
  for (fs::path path = destination_.parent_path(); fs::remove(path, error) && path != made_;) {
    path = path.parent_path();
  }
}

Status StagedFolder::commit(const std::vector<std::string>& files,
                            const std::vector<std::string>& obsolete) {
  std::error_code error;
  if (!existed_) {
    fs::rename(path_, destination_, error);
    if (error) return write_failure(destination_, error);
  } else {
    for (const std::string& name : obsolete) fs::remove(destination_ / name, error);
    for (const std::string& name : files) {
      fs::rename(path_ / name, destination_ / name, error);
      if (error) return write_failure(destination_ / name, error);
    }
    fs::remove_all(path_, error);
  }
  path_.clear();
  made_.clear();
  return Status();
}

}  // namespace escuta::convert
