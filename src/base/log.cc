#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

namespace escuta {
namespace {

std::atomic<LogLevel> current_level{LogLevel::kWarning};
std::atomic<void (*)()> line_hook{nullptr};

spdlog::logger& logger() {
  static const auto instance = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    auto made = std::make_shared<spdlog::logger>("escuta", sink);
    made->set_pattern("escuta: %^%l%$: %v");
    made->set_level(spdlog::level::trace);  // filtered by current_level, before formatting
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

}  // namespace

Result<LogLevel> parse_log_level(std::string_view name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "info") return LogLevel::kInfo;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  if (name == "off") return LogLevel::kOff;
  return invalid_argument("log level: expected debug, info, warning, error or off, found `{}`",
                          name);
}

void set_log_level(LogLevel level) { current_level = level; }
LogLevel log_level() { return current_level; }
void set_log_hook(void (*before_line)()) { line_hook = before_line; }

void log_line(LogLevel level, std::string_view line) {
  if (auto hook = line_hook.load()) hook();
  logger().log(spdlog_level(level), "{}", line);
}

}  // namespace escuta
