// The program's log: lines on stderr, through spdlog. stdout is for results only.
//
// log_warning("{}: {}", file, reason). Any thread. The level is set once, by the program.
#pragma once

#include <fmt/core.h>

#include <string_view>

#include "base/status.h"

namespace escuta {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

// "debug", "info", "warning", "error", "off".
Result<LogLevel> parse_log_level(std::string_view name);
void set_log_level(LogLevel level);
LogLevel log_level();

// Called before each line is written, so that a progress bar can clear its own line first.
void set_log_hook(void (*before_line)());

void log_line(LogLevel level, std::string_view line);

#define ESCUTA_LOG_FUNCTION(function, level)                                 \
  template <typename... Args>                                                \
  void function(fmt::format_string<Args...> format, Args&&... args) {        \
    if (level >= log_level())                                                \
      log_line(level, fmt::vformat(format, fmt::make_format_args(args...))); \
  }
ESCUTA_LOG_FUNCTION(log_debug, LogLevel::kDebug)
ESCUTA_LOG_FUNCTION(log_info, LogLevel::kInfo)
ESCUTA_LOG_FUNCTION(log_warning, LogLevel::kWarning)
ESCUTA_LOG_FUNCTION(log_error, LogLevel::kError)
#undef ESCUTA_LOG_FUNCTION

}  // namespace escuta
