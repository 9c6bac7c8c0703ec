#include "cli/lists.h"

#include <charconv>

#include "base/files.h"
#include "text/utf8.h"

namespace escuta::cli {
namespace {

constexpr size_t kMostBytes = size_t{1} << 20;

std::string_view without_space(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> parts;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(by, start), text.size());
    parts.emplace_back(without_space(text.substr(start, end - start)));
    start = end + 1;
  }
  return parts;
}

}  // namespace

Result<std::vector<std::string>> parse_list(std::string_view option, std::string_view list,
                                            std::string_view example) {
  std::vector<std::string> parts = split(list, ',');
  for (const std::string& part : parts) {
    if (!part.empty() && text::is_utf8(part)) continue;
    return invalid_argument("{}: expected a list with commas such as {}, found `{}`", option,
                            example, text::replace_invalid_utf8(list));
  }
  return parts;
}

Result<std::vector<std::string>> parse_list_or_file(std::string_view option, std::string_view list,
                                                    std::string_view example) {
  if (!list.starts_with('@')) return parse_list(option, list, example);
  const std::string path(list.substr(1));
  Result<std::string> text = read_file(path, kMostBytes);
  if (!text.ok()) return text.status().with_context(option);
  if (!text::is_utf8(*text)) {
    return invalid_argument("{}: {}: expected lines of UTF-8, found other bytes", option, path);
  }
  std::vector<std::string> lines = split(*text, '\n');
  std::erase(lines, "");
  if (lines.empty()) {
    return invalid_argument("{}: {}: expected a line for each, found none", option, path);
  }
  return lines;
}

Result<std::vector<int32_t>> parse_ids(std::string_view option, std::string_view list,
                                       int32_t least, std::string_view example) {
  std::vector<int32_t> ids;
  if (without_space(list).empty()) return ids;
  for (const std::string& part : split(list, ',')) {
    int32_t id = 0;
    const auto [rest, error] = std::from_chars(part.data(), part.data() + part.size(), id);
    if (part.empty() || error != std::errc() || rest != part.data() + part.size() || id < least) {
      return invalid_argument(
          "{}: expected whole numbers from {} with commas such as {}, found `{}`", option, least,
          example, list);
    }
    ids.push_back(id);
  }
  return ids;
}

}  // namespace escuta::cli
