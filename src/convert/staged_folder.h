// A folder whose new files appear together, when all of them are there.
//
// Files are written to path(), a hidden temporary folder on the same file system; commit() moves
// them to the destination. Destroyed uncommitted, it leaves nothing behind, not even the folders
// that it made on the way. One thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"

namespace escuta::convert {

class StagedFolder {
 public:
  // InvalidArgument if `destination` exists and is no folder. Missing parents are made.
  static Result<StagedFolder> create(const std::filesystem::path& destination);
  StagedFolder(StagedFolder&& other) noexcept;
  StagedFolder& operator=(StagedFolder&&) = delete;
  ~StagedFolder();

  const std::filesystem::path& path() const { return path_; }

  // A new destination appears by one rename. In one that exists, `obsolete` files are removed
  // first, then `files` replace their namesakes in that order, each by a rename; other files stay.
  Status commit(const std::vector<std::string>& files, const std::vector<std::string>& obsolete);

 private:
  StagedFolder(std::filesystem::path destination, bool existed, std::filesystem::path made)
      : destination_(std::move(destination)), existed_(existed), made_(std::move(made)) {}

  std::filesystem::path destination_;
  bool existed_;
  std::filesystem::path made_;  // the outermost parent that create() made, or empty
  std::filesystem::path path_;  // empty once moved from or committed
};

}  // namespace escuta::convert
