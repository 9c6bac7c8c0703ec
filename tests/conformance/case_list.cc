#include "case_list.h"

#include <algorithm>

#include "base/files.h"

namespace escuta::conformance {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLargestFile = size_t{1} << 20;

Result<std::vector<std::string>> read_lines(const fs::path& path) {
  ASSIGN_OR_RETURN(const std::string text, read_file(path, kLargestFile));
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  const auto fault = std::ranges::adjacent_find(lines, std::ranges::greater_equal());
  if (fault != lines.end()) {
    return invalid_argument("{}: expected sorted lines without repetition, found `{}` before `{}`",
                            path.string(), *fault, *std::next(fault));
  }
  return lines;
}

}  // namespace

Result<std::vector<fs::path>> find_cases(const fs::path& folder) {
  if (fs::exists(folder / "model.onnx")) return std::vector{folder};
  std::vector<fs::path> cases;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (fs::exists(entry.path() / "model.onnx")) cases.push_back(entry.path());
  }
  if (cases.empty()) return not_found("expected test cases in {}, found none", folder.string());
  std::ranges::sort(cases);
  return cases;
}

Result<std::set<std::string>> read_names(const fs::path& path) {
  ASSIGN_OR_RETURN(const auto lines, read_lines(path));
  return std::set<std::string>(lines.begin(), lines.end());
}

Status write_names(const fs::path& path, const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  return write_file(path, text);
}

Result<std::map<std::string, std::string>> read_reasons(const fs::path& path) {
  ASSIGN_OR_RETURN(const auto lines, read_lines(path));
  std::map<std::string, std::string> reasons;
  for (const std::string& line : lines) {
    const size_t space = line.find(' ');
    if (space == std::string::npos || space + 1 == line.size()) {
      return invalid_argument("{}: expected a name and a reason, found `{}`", path.string(), line);
    }
    reasons.emplace(line.substr(0, space), line.substr(space + 1));
  }
  return reasons;
}

}  // namespace escuta::conformance
