#include "jobs/list_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/descriptor.h"

namespace escuta::jobs {
namespace {

Result<std::string> read_all(int fd, const std::string& name, size_t max_bytes) {
  std::string text;
  for (;;) {
    char block[size_t{64} << 10];
    const ssize_t n = ::read(fd, block, sizeof(block));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_status(errno, name);
    if (n == 0) return text;
    text.append(block, static_cast<size_t>(n));
    if (text.size() > max_bytes) {
      return out_of_range("{}: expected a list of at most {} bytes, found more", name, max_bytes);
    }
  }
}

}  // namespace

Result<std::string> read_stream(const std::string& path, size_t max_bytes) {
  if (path == "-") return read_all(STDIN_FILENO, "standard input", max_bytes);
  const Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (opened.get() < 0) return errno_status(errno, path);
  return read_all(opened.get(), path, max_bytes);
}

Result<std::vector<std::string>> parse_list(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  const bool nul = text.find('\0') != text.npos;
  if (!nul && text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<std::string> paths;
  for (size_t line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find(nul ? '\0' : '\n'), text.size());
    std::string_view path = text.substr(0, end);
    if (!nul && path.ends_with('\r')) path.remove_suffix(1);
    if (path.size() >= kMostPathBytes) {
      return invalid_argument("{} {}: expected a path of less than {} bytes, found {}",
                              nul ? "entry" : "line", line, kMostPathBytes, path.size());
    }
    if (!path.empty()) paths.emplace_back(path);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return paths;
}

}  // namespace escuta::jobs
