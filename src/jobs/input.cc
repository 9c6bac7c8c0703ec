#include "jobs/input.h"

#include <map>

#include "base/printable.h"

namespace escuta::jobs {

namespace fs = std::filesystem;

namespace {

constexpr size_t kShown = 200;  // characters of a path in a message

std::string stem_of(const Input& input) {
  return (input.place.parent_path() / input.place.stem()).string();
}

}  // namespace

Input named_input(const fs::path& path) { return {.path = path, .place = path.filename()}; }

Input listed_input(const fs::path& path) {
  fs::path place;
  for (const fs::path& part : path.lexically_normal().relative_path()) {
    if (part != ".." && part != ".") place /= part;
  }
  return {.path = path, .place = place};
}

Result<std::vector<std::string>> output_names(std::span<const Input> inputs) {
  std::map<std::string, int> stems;
  for (const Input& input : inputs) {
    if (input.output.empty()) ++stems[stem_of(input)];
  }
  std::vector<std::string> names;
  std::map<std::string, const Input*> taken;
  for (const Input& input : inputs) {
    const std::string stem = stem_of(input);
    const std::string name = !input.output.empty() ? input.output
                             : stems[stem] > 1     ? input.place.string()
                                                   : stem;
    const auto [other, is_new] = taken.emplace(name, &input);
    if (!is_new) {
      return invalid_argument(
          "expected inputs with different names, found {} and {}, which would write the same "
          "output files; use one -o folder for each, or name the results in a manifest",
          printable(other->second->path.string(), kShown), printable(input.path.string(), kShown));
    }
    names.push_back(name);
  }
  return names;
}

}  // namespace escuta::jobs
