#include "jobs/folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <system_error>

#include "base/printable.h"
#include "jobs/media_names.h"

namespace escuta::jobs {

namespace fs = std::filesystem;

namespace {

constexpr size_t kShown = 200;  // characters of a path in a message

}  // namespace

Result<std::vector<FolderEntry>> list_folder(const fs::path& folder) {
  std::error_code error;
  std::vector<FolderEntry> entries;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code ignored;  // a link to nothing is neither
    entries.push_back(
        {at->path().filename().string(), at->is_directory(ignored), at->is_regular_file(ignored)});
  }
  if (error) {
    return errno_status(error.value(), printable(folder.string(), kShown) + ": cannot list");
  }
  std::ranges::sort(entries, {}, &FolderEntry::name);
  return entries;
}

FolderIdentity folder_identity(const fs::path& folder) {
  struct stat info {};
  if (::stat(folder.empty() ? "." : folder.c_str(), &info) != 0) return {0, 0};
  return {info.st_dev, info.st_ino};
}

FolderInputs walk_folder(const fs::path& folder,
                         const std::function<bool(const fs::path&)>& has_sound) {
  FolderInputs found;
  std::set<FolderIdentity> visited;
  std::vector<fs::path> open = {fs::path()};  // below `folder`, the next one last
  while (!open.empty()) {
    const fs::path below = std::move(open.back());
    open.pop_back();
    if (!visited.insert(folder_identity(folder / below)).second) continue;
    const auto entries = list_folder(folder / below);
    if (!entries.ok()) {
      found.problems.push_back(entries.status());
      continue;
    }
    std::vector<fs::path> folders;
    for (const FolderEntry& entry : *entries) {
      if (entry.name.front() == '.') continue;
      const fs::path place = below / entry.name;
      if (entry.is_folder) folders.push_back(place);
      if (!entry.is_file) continue;
      const MediaGuess guess = guess_media(place);
      if (guess == MediaGuess::kMedia ||
          (guess == MediaGuess::kUnknown && has_sound(folder / place))) {
        found.inputs.push_back({.path = folder / place, .place = place});
      }
    }
    open.insert(open.end(), folders.rbegin(), folders.rend());
  }
  return found;
}

}  // namespace escuta::jobs
