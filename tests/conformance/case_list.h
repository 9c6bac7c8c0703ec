// Files that name cases, one a line, sorted: those that pass, and those that cannot and why.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"

namespace escuta::conformance {

// The folders of cases: `folder` itself when it has a model.onnx, else the folders in it that have
// one, by name. NotFound: no such folder, or no case in it.
Result<std::vector<std::filesystem::path>> find_cases(const std::filesystem::path& folder);

// NotFound where there is no such file. InvalidArgument: not sorted, or a name twice.
Result<std::set<std::string>> read_names(const std::filesystem::path& path);
Status write_names(const std::filesystem::path& path, const std::set<std::string>& names);

// Lines "NAME REASON": name -> reason.
Result<std::map<std::string, std::string>> read_reasons(const std::filesystem::path& path);

}  // namespace escuta::conformance
