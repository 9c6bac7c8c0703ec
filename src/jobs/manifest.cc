#include "jobs/manifest.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/descriptor.h"
#include "base/printable.h"
#include "jobs/list_file.h"

namespace escuta::jobs {

namespace fs = std::filesystem;

namespace {

// The string `key`, "" where it is absent.
Result<std::string> optional_string(const Json& object, std::string_view key) {
  Result<std::string> value = json_string(object, key);
  if (!value.ok() && value.status().code() == StatusCode::kNotFound) return std::string();
  return value;
}

Status check_path(std::string_view path, std::string_view key) {
  if (path.size() >= kMostPathBytes) {
    return invalid_argument("`{}`: expected a path of less than {} bytes, found {}", key,
                            kMostPathBytes, path.size());
  }
  if (path.find('\0') != path.npos) {
    return invalid_argument("`{}`: expected a path, found one with a NUL in it", key);
  }
  return Status();
}

// Relative, and nowhere above where it begins.
Status check_output(const std::string& output) {
  RETURN_IF_ERROR(check_path(output, "output"));
  const fs::path path(output);
  const bool leaves = std::ranges::any_of(
      path, [](const fs::path& part) { return part == ".." || part == "." || part.empty(); });
  if (!output.empty() && !path.is_absolute() && !leaves) return Status();
  return invalid_argument(
      "`output`: expected a name below the folder of results such as talks/first, found `{}`",
      printable(output));
}

Result<std::string> read_from(int fd, uint64_t begin, uint64_t end) {
  std::string text(end - begin, '\0');
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n =
        ::pread(fd, text.data() + done, text.size() - done, static_cast<off_t>(begin + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_status(errno, "cannot read");
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  text.resize(done);
  return text;
}

// Where the last line begins that has no end; the file's size where there is none.
Result<uint64_t> torn_line(int fd, uint64_t size) {
  constexpr uint64_t kBlock = uint64_t{64} << 10;
  for (uint64_t end = size; end > 0;) {
    const uint64_t begin = end - std::min(end, kBlock);
    ASSIGN_OR_RETURN(const std::string block, read_from(fd, begin, end));
    const size_t newline = block.rfind('\n');
    if (newline != block.npos) return begin + newline + 1;
    end = begin;
  }
  return uint64_t{0};
}

bool has_line(std::string_view text, std::string_view line) {
  for (size_t at = 0; (at = text.find(line, at)) != text.npos; ++at) {
    const size_t end = at + line.size();
    if ((at == 0 || text[at - 1] == '\n') && end < text.size() && text[end] == '\n') return true;
  }
  return false;
}

Status write_at(int fd, std::string_view text, uint64_t at) {
  while (!text.empty()) {
    const ssize_t n = ::pwrite(fd, text.data(), text.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_status(errno, "cannot write");
    text.remove_prefix(static_cast<size_t>(n));
    at += static_cast<uint64_t>(n);
  }
  return Status();
}

// Under the file's lock.
Status append_locked(int fd, std::string_view line, bool once) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return errno_status(errno, "cannot write");
  const auto size = static_cast<uint64_t>(info.st_size);
  ASSIGN_OR_RETURN(const uint64_t torn_at, torn_line(fd, size));
  std::string text = std::string(line) + "\n";
  uint64_t at = size;
  if (torn_at < size) {
    ASSIGN_OR_RETURN(const std::string torn, read_from(fd, torn_at, size));
    if (text.starts_with(torn)) {
      at = torn_at;
    } else {
      text.insert(0, "\n");  // what somebody else wrote stays as it is
    }
  }
  if (once) {
    ASSIGN_OR_RETURN(const std::string all, read_from(fd, 0, torn_at));
    if (has_line(all, line)) return Status();
  }
  RETURN_IF_ERROR(write_at(fd, text, at));
  return ::fsync(fd) == 0 ? Status() : errno_status(errno, "cannot write");
}

}  // namespace

Result<Input> parse_manifest_line(std::string_view line, const fs::path& folder) {
  if (line.size() > kMostLineBytes) {
    return invalid_argument("expected a line of at most {} bytes, found {}", kMostLineBytes,
                            line.size());
  }
  ASSIGN_OR_RETURN(Json object, parse_json(line));
  if (!object.is_object()) {
    return invalid_argument("expected a JSON object such as {{\"audio\": \"talk.mp3\"}}, found {}",
                            object.type_name());
  }
  ASSIGN_OR_RETURN(const std::string audio, json_string(object, "audio"));
  if (audio.empty()) return invalid_argument("`audio`: expected a path, found an empty string");
  RETURN_IF_ERROR(check_path(audio, "audio"));
  Input input = listed_input(audio);
  input.path = folder / audio;
  ASSIGN_OR_RETURN(input.language, optional_string(object, "language"));
  ASSIGN_OR_RETURN(input.output, optional_string(object, "output"));
  const auto output = object.find("output");
  if (output != object.end() && !output->is_null()) RETURN_IF_ERROR(check_output(input.output));
  input.manifest_line = std::move(object);
  return input;
}

Result<std::vector<Input>> parse_manifest(std::string_view text, const fs::path& folder) {
  std::vector<Input> inputs;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    Result<Input> input = parse_manifest_line(line, folder);
    if (!input.ok()) return input.status().with_context(fmt::format("line {}", number));
    inputs.push_back(std::move(*input));
  }
  return inputs;
}

Status append_line(const fs::path& path, std::string_view line, bool once) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (file.get() < 0) return errno_status(errno, path.string() + ": cannot write");
  while (::flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return errno_status(errno, path.string() + ": cannot lock");
  }
  return append_locked(file.get(), line, once).with_context(path.string());
}

}  // namespace escuta::jobs
