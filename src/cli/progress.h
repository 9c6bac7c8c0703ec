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

// Where a job over many files stands.
struct JobProgress {
  size_t done = 0, failed = 0, total = 0;  // files
  double audio_s = 0, elapsed_s = 0;       // of this run
  double bytes_done = 0, bytes_left = 0;   // of the inputs, the one at hand in part: what is
                                           // left takes its time by them
};

class ProgressBar {
 public:
  ProgressBar(ProgressMode mode, std::string name);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // `job`: of which the file is a part; null for a file alone.
  void update(double position_s, double duration_s, const JobProgress* job = nullptr);
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

// "3/120 files, 1 failed  2.4 h  21.3x real time  1:23:00 left  jfk.wav  45%"
std::string job_line(const JobProgress& job, std::string_view name, double position_s,
                     double duration_s, int width);

// "1:02:03", "2:03", "0:03".
std::string human_time(double seconds);

}  // namespace escuta::cli
