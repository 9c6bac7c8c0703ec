#include "jobs/glob.h"

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "jobs/folder.h"

namespace escuta::jobs {

namespace fs = std::filesystem;

namespace {

// Bytes of the character at the start of `text`, which is not empty.
size_t character_length(std::string_view text) {
  size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    ++length;
  return length;
}

// "[a-z]" at the start of a pattern: how long it is (0: none, the bracket is itself), and whether
// `c` is in it.
std::pair<size_t, bool> match_class(std::string_view pattern, char c) {
  size_t at = 1;
  const bool negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (negated) ++at;
  bool found = false;
  for (const size_t first = at; at < pattern.size(); ++at) {
    if (pattern[at] == ']' && at > first) return {at + 1, found != negated};
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      found = found || (pattern[at] <= c && c <= pattern[at + 2]);
      at += 2;
    } else {
      found = found || pattern[at] == c;
    }
  }
  return {0, false};
}

// Matches one character of `name` against one element of `part`: bytes taken of each, 0: none.
std::pair<size_t, size_t> match_one(std::string_view name, std::string_view part) {
  if (part.front() == '?') return {character_length(name), 1};
  if (part.front() == '[') {
    const auto [length, found] = match_class(part, name.front());
    if (length > 0) return {found ? character_length(name) : 0, length};
  }
  return {part.front() == name.front() ? 1 : 0, 1};
}

class Search {
 public:
  explicit Search(std::vector<std::string> parts) : parts_(std::move(parts)) {}

  void run(const fs::path& folder, size_t part) {
    if (!seen_.emplace(folder_identity(folder), part).second) return;
    const std::string& wanted = parts_[part];
    const bool last = part + 1 == parts_.size();
    if (wanted == "**" && !last) run(folder, part + 1);
    if (!is_pattern(wanted)) return take(folder / wanted, part);
    const auto entries = list_folder(folder.empty() ? "." : folder);
    if (!entries.ok()) return;
    for (const FolderEntry& entry : *entries) {
      if (wanted == "**" && entry.is_folder && entry.name.front() != '.') {
        run(folder / entry.name, part);
      }
      if (wanted == "**" ? last && entry.name.front() != '.' : matches(entry.name, wanted)) {
        take(folder / entry.name, part);
      }
    }
  }

  std::vector<fs::path> found;

 private:
  void take(const fs::path& path, size_t part) {
    std::error_code ignored;
    if (part + 1 < parts_.size()) {
      if (fs::is_directory(path, ignored)) run(path, part + 1);
    } else if (fs::exists(path, ignored) && !fs::is_directory(path, ignored)) {
      found.push_back(path);
    }
  }

  std::vector<std::string> parts_;
  std::set<std::pair<FolderIdentity, size_t>> seen_;
};

}  // namespace

bool is_pattern(std::string_view text) { return text.find_first_of("*?[") != text.npos; }

bool matches(std::string_view name, std::string_view part) {
  if (!name.empty() && name.front() == '.' && (part.empty() || part.front() != '.')) return false;
  size_t at = 0, want = 0;
  size_t star = part.npos, resume = 0;  // the last * and where its run ends so far
  while (at < name.size()) {
    if (want < part.size() && part[want] == '*') {
      star = want++;
      resume = at;
      continue;
    }
    if (want < part.size()) {
      const auto [taken, used] = match_one(name.substr(at), part.substr(want));
      if (taken > 0) {
        at += taken;
        want += used;
        continue;
      }
    }
    if (star == part.npos) return false;
    resume += character_length(name.substr(resume));
    at = resume;
    want = star + 1;
  }
  return part.find_first_not_of('*', want) == part.npos;
}

fs::path fixed_part(const fs::path& pattern) {
  fs::path fixed;
  for (const fs::path& part : pattern) {
    if (is_pattern(part.string())) break;
    fixed /= part;
  }
  return fixed;
}

std::vector<fs::path> expand_pattern(const fs::path& pattern) {
  const fs::path fixed = fixed_part(pattern);
  std::vector<std::string> parts;
  for (auto at = std::next(pattern.begin(), std::distance(fixed.begin(), fixed.end()));
       at != pattern.end(); ++at) {
    if (!at->empty()) parts.push_back(at->string());
  }
  if (parts.empty()) return {};
  Search search(std::move(parts));
  search.run(fixed, 0);
  std::ranges::sort(search.found);
  const auto repeated = std::ranges::unique(search.found);
  search.found.erase(repeated.begin(), repeated.end());
  return std::move(search.found);
}

}  // namespace escuta::jobs
