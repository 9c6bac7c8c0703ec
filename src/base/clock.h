// Measuring durations on the steady clock.
#pragma once

#include <chrono>

namespace escuta {

// Starts when it is made.
class Stopwatch {
 public:
  double ms() const {
    const auto elapsed = std::chrono::steady_clock::now() - begin_;
    return std::chrono::duration<double, std::milli>(elapsed).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace escuta
