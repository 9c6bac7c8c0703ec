// The progress bar of a transcription, on stderr: position, speed, time left.
//
// Shown on a terminal only, unless it is forced. Log lines clear it first. One at a time.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace escuta::cli {

enum class ProgressMode { kAuto, kOn, kOff };

// "auto", "on", "off".
Result<ProgressMode> parse_progress_mode(std::string_view name);

class ProgressBar {
 public:
  ProgressBar(ProgressMode mode, std::string name);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void update(double position_s, double duration_s);
  // Removes the bar, so that something else can be written.
  static void clear();

 private:
  bool shown_;
  std::string name_;
  Stopwatch clock_;
};

// "jfk.wav  [#####-----]  5.0 / 11.0 s  12.1x real time  0:01 left"; width in columns.
std::string progress_line(std::string_view name, double position_s, double duration_s,
                          double elapsed_s, int width);

// "1:02:03", "2:03", "0:03".
std::string human_time(double seconds);

}  // namespace escuta::cli
