// Times of the steps of runs, as a trace file that browsers and Perfetto show (Trace Event Format).
#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/program.h"

namespace escuta::engine {

// Any thread.
class Profile {
 public:
  using Clock = std::chrono::steady_clock;
  Profile() : start_(Clock::now()) {}
  void add(const Step& step, Clock::time_point begin, Clock::time_point end);
  // All steps so far, as a whole file or none.
  Status write(const std::filesystem::path& path) const;

 private:
  struct Event {
    std::string name, op;
    int64_t start_us, duration_us;
    uint64_t thread;
  };
  Clock::time_point start_;
  mutable std::mutex mutex_;
  std::vector<Event> events_;
};

// Adds the time from its making to its end.
class ProfiledStep {
 public:
  ProfiledStep(Profile& profile, const Step& step)
      : profile_(profile), step_(step), begin_(Profile::Clock::now()) {}
  ~ProfiledStep() { profile_.add(step_, begin_, Profile::Clock::now()); }
  ProfiledStep(const ProfiledStep&) = delete;
  ProfiledStep& operator=(const ProfiledStep&) = delete;

 private:
  Profile& profile_;
  const Step& step_;
  Profile::Clock::time_point begin_;
};

}  // namespace escuta::engine
