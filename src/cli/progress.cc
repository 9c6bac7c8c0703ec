#include "cli/progress.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>

#include "base/log.h"
#include "base/printable.h"

namespace escuta::cli {
namespace {

std::atomic<bool> bar_on_screen{false};

int terminal_width() {
  struct winsize size {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Result<ProgressMode> parse_progress_mode(std::string_view name) {
  if (name == "auto") return ProgressMode::kAuto;
  if (name == "on") return ProgressMode::kOn;
  if (name == "off") return ProgressMode::kOff;
  return invalid_argument("--progress: expected auto, on or off, found `{}`", name);
}

std::string human_time(double seconds) {
  const auto total = static_cast<long>(std::lround(std::max(seconds, 0.0)));
  if (total >= 3600) {
    return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
  }
  return fmt::format("{}:{:02}", total / 60, total % 60);
}

std::string progress_line(std::string_view name, double position_s, double duration_s,
                          double elapsed_s, int width) {
  const double share = duration_s > 0 ? std::clamp(position_s / duration_s, 0.0, 1.0) : 0;
  std::string end = fmt::format(" {:3.0f}%  {} / {}", share * 100, human_time(position_s),
                                human_time(duration_s));
  if (position_s > 0 && elapsed_s > 0) {
    const double speed = position_s / elapsed_s;
    end += fmt::format("  {:.1f}x real time  {} left", speed,
                       human_time((duration_s - position_s) / speed));
  }
  // The file's end says more than its beginning; it may take a third of the line.
  const auto room = static_cast<size_t>(std::max(width / 3, 8));
  std::string start(name.substr(name.size() > room ? name.size() - room : 0));
  start += "  ";
  const int bar = std::min(40, width - static_cast<int>(start.size() + end.size()) - 3);
  if (bar < 5) {
    const auto columns = static_cast<size_t>(std::max(width, 0));
    const std::string line = start.size() + end.size() <= columns ? start + end : end.substr(1);
    return line.substr(0, columns);  // a line that wraps could not be cleared
  }
  const int full = static_cast<int>(share * bar);
  return start + "[" + std::string(static_cast<size_t>(full), '#') +
         std::string(static_cast<size_t>(bar - full), '-') + "]" + end;
}

std::string job_line(const JobProgress& job, std::string_view name, double position_s,
                     double duration_s, int width) {
  std::string line = fmt::format("{}/{} files", job.done + job.failed, job.total);
  if (job.failed > 0) line += fmt::format(", {} failed", job.failed);
  line += fmt::format("  {:.1f} h", job.audio_s / 3600);
  if (job.elapsed_s > 0) {
    line += fmt::format("  {:.1f}x real time", (job.audio_s + position_s) / job.elapsed_s);
  }
  if (job.bytes_done > 0) {
    line += fmt::format("  {} left", human_time(job.elapsed_s * job.bytes_left / job.bytes_done));
  }
  const double share = duration_s > 0 ? std::clamp(position_s / duration_s, 0.0, 1.0) : 0;
  const std::string end = fmt::format("  {:.0f}%", share * 100);
  const auto columns = static_cast<size_t>(std::max(width, 0));
  // The file's end says more than its beginning; it has what is left of the line.
  const size_t used = line.size() + 2 + end.size();
  if (used + 5 <= columns) {
    const size_t room = columns - used;
    line += "  " + std::string(name.substr(name.size() > room ? name.size() - room : 0)) + end;
  }
  return line.substr(0, columns);
}

ProgressBar::ProgressBar(ProgressMode mode, std::string name)
    : shown_(mode == ProgressMode::kOn ||
             (mode == ProgressMode::kAuto && ::isatty(STDERR_FILENO) == 1)),
      name_(printable(name, 1000)) {
  if (shown_) set_log_hook(&ProgressBar::clear);
}

ProgressBar::~ProgressBar() {
  clear();
  if (shown_) set_log_hook(nullptr);
}

void ProgressBar::update(double position_s, double duration_s, const JobProgress* job) {
  if (!shown_) return;
  const int width = terminal_width() - 1;
  const std::string line =
      job != nullptr ? job_line(*job, name_, position_s, duration_s, width)
                     : progress_line(name_, position_s, duration_s, clock_.ms() / 1000, width);
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
  bar_on_screen = true;
}

void ProgressBar::clear() {
  if (!bar_on_screen.exchange(false)) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
}

}  // namespace escuta::cli
