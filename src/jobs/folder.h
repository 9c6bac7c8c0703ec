// Folders: what is in one, and everything with sound in it and below.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "jobs/input.h"

namespace escuta::jobs {

struct FolderEntry {
  std::string name;
  bool is_folder = false;  // links followed
  bool is_file = false;    // a regular file
};

// Sorted by name, byte by byte. Errors name the folder.
Result<std::vector<FolderEntry>> list_folder(const std::filesystem::path& folder);

// The same for every path that leads to a folder: device and inode; zeros where there is none.
using FolderIdentity = std::pair<uint64_t, uint64_t>;
FolderIdentity folder_identity(const std::filesystem::path& folder);

struct FolderInputs {
  std::vector<Input> inputs;
  std::vector<Status> problems;  // folders that cannot be read
};

// Audio and video files in `folder` and the folders below, by their extension; a file whose
// extension says nothing is asked through `has_sound`. Each real folder is visited once, so that
// links in a circle end. Names that begin with a dot are left out. A file's `place` is its path
// below `folder`.
FolderInputs walk_folder(const std::filesystem::path& folder,
                         const std::function<bool(const std::filesystem::path&)>& has_sound);

}  // namespace escuta::jobs
