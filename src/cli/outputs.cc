#include "cli/outputs.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/files.h"

namespace escuta::cli {

namespace fs = std::filesystem;

namespace {

int result_fd = STDOUT_FILENO;  // set once, by claim_stdout()

}  // namespace

Status prepare_output_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (fs::is_directory(folder)) return Status();
  if (fs::exists(folder)) {
    return invalid_argument("{}: expected a folder for the results, found a file", folder.string());
  }
  return errno_status(error.value(), folder.string() + ": cannot make the folder");
}

std::vector<std::string> output_files(const fs::path& base,
                                      std::span<const pipeline::Format> formats) {
  std::vector<std::string> files;
  for (const pipeline::Format format : formats) {
    files.push_back(base.string() + "." + std::string(pipeline::format_extension(format)));
  }
  return files;
}

Status write_outputs(std::span<const jobs::ResultFile> files) {
  for (const jobs::ResultFile& file : files) {
    RETURN_IF_ERROR(prepare_output_folder(fs::path(file.path).parent_path()));
    RETURN_IF_ERROR(write_file(file.path, file.content));
  }
  return Status();
}

void remove_leftovers(const fs::path& file) {
  const std::string start = file.filename().string() + ".";
  std::error_code ignored;
  for (fs::directory_iterator at(file.parent_path(), ignored), end; at != end && !ignored;
       at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    constexpr std::string_view kEnd = ".part";
    if (!name.starts_with(start) || !name.ends_with(kEnd)) continue;
    if (name.size() <= start.size() + kEnd.size()) continue;
    const std::string_view numbers =
        std::string_view(name).substr(start.size(), name.size() - start.size() - kEnd.size());
    std::error_code kept;
    if (numbers.find_first_not_of("0123456789.") == numbers.npos) fs::remove(at->path(), kept);
  }
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
