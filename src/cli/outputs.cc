#include "cli/outputs.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <system_error>

#include "base/files.h"

namespace escuta::cli {

namespace fs = std::filesystem;

namespace {

int result_fd = STDOUT_FILENO;  // set once, by claim_stdout()

}  // namespace

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
                     const std::string& name, std::span<const pipeline::Format> formats,
                     const pipeline::Layout& layout) {
  for (const pipeline::Format format : formats) {
    const fs::path path = folder / fmt::format("{}.{}", name, pipeline::format_extension(format));
    RETURN_IF_ERROR(write_file(path, pipeline::render(transcript, format, layout)));
  }
  return Status();
}

void claim_stdout() {
  result_fd = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  // A program may be started with any of these closed; what is opened next must not become one.
  for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::open("/dev/null", O_RDWR)) {
    if (fd <= STDERR_FILENO) continue;
    ::close(fd);
    break;
  }
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
}

Status write_stdout(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(result_fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EPIPE) return cancelled("{}", kReaderGone);
    if (n < 0) return errno_status(errno, "standard output: cannot write");
    text.remove_prefix(static_cast<size_t>(n));
  }
  return Status();
}

}  // namespace escuta::cli
