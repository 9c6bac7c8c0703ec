#include "cli/outputs.h"

#include <cerrno>
#include <cstdio>
#include <map>
#include <system_error>

#include "base/files.h"

namespace escuta::cli {

namespace fs = std::filesystem;

Result<std::vector<std::string>> output_names(std::span<const std::string> inputs) {
  std::map<std::string, int> stems;
  for (const std::string& input : inputs) ++stems[fs::path(input).stem().string()];
  std::vector<std::string> names;
  std::map<std::string, std::string> taken;
  for (const std::string& input : inputs) {
    const fs::path path(input);
    const std::string stem = path.stem().string();
    const std::string name = stems[stem] > 1 ? path.filename().string() : stem;
    const auto [other, is_new] = taken.emplace(name, input);
    if (!is_new) {
      return invalid_argument(
          "expected inputs with different names, found {} and {}, which would "
          "write the same output files; use one -o folder for each",
          other->second, input);
    }
    names.push_back(name);
  }
  return names;
}

Status prepare_output_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (fs::is_directory(folder)) return Status();
  if (fs::exists(folder)) {
    return invalid_argument("{}: expected a folder for the results, found a file", folder.string());
  }
  return errno_status(error.value(), folder.string() + ": cannot make the folder");
}

Status write_outputs(const pipeline::Transcript& transcript, const fs::path& folder,
                     const std::string& name, std::span<const pipeline::Format> formats) {
  for (const pipeline::Format format : formats) {
    const fs::path path = folder / fmt::format("{}.{}", name, pipeline::format_name(format));
    RETURN_IF_ERROR(write_file(path, pipeline::render(transcript, format)));
  }
  return Status();
}

Status write_stdout(std::string_view text) {
  errno = 0;
  const size_t written = std::fwrite(text.data(), 1, text.size(), stdout);
  if (written == text.size() && std::fflush(stdout) == 0) return Status();
  if (errno == EPIPE) return cancelled("{}", kReaderGone);
  return errno_status(errno, "standard output: cannot write");
}

}  // namespace escuta::cli
