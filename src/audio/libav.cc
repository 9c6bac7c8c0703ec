#include "audio/libav.h"

#include <cstdarg>
#include <mutex>
#include <string_view>

#include "base/log.h"

extern "C" {
#include <libavutil/log.h>
}

namespace escuta::audio {
namespace {

void log_callback(void* object, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_INFO || log_level() > LogLevel::kDebug) return;
  char line[512];
  thread_local int print_prefix = 1;
  av_log_format_line2(object, level, format, arguments, line, sizeof(line), &print_prefix);
  std::string_view text(line);
  while (text.ends_with('\n')) text.remove_suffix(1);
  if (!text.empty()) log_debug("libav: {}", text);
}

}  // namespace

std::string libav_error(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof(text));
  return text;
}

void route_libav_log() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(log_callback); });
}

}  // namespace escuta::audio
