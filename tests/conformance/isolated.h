// Runs many tasks, each where it can do no harm: in a child process with limits of time and memory.
// A task that crashes, hangs or eats memory loses its own result and no other's.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace escuta::conformance {

struct TaskResult {
  enum class Kind { kDone, kCrash, kTimeout };
  Kind kind = Kind::kDone;
  std::string text;  // what the task returned; of a crash the signal and the last that it said
};

struct IsolationLimits {
  int jobs = 2;  // child processes at once
  double seconds_per_task = 60;
  size_t memory_bytes =
      size_t{4} << 30;  // address space; not under sanitizers, which reserve it all
};

// The result of task(i) for i of 0..count-1. `start` is run in each child before its first task. A
// child runs many tasks, one after the other, on one thread; what tasks write to stdout and stderr
// is kept from the terminal. The calling process must have no other thread.
std::vector<TaskResult> run_isolated(size_t count, const IsolationLimits& limits,
                                     const std::function<void()>& start,
                                     const std::function<std::string(size_t)>& task);

}  // namespace escuta::conformance
