// The process's worker threads, and parallel loops over them.
//
// thread_pool() is the pool of the process: as many threads as available_cores(), the calling one
// counted. A loop is run by its caller, helped by whichever workers are free; it never waits for a
// worker that has not begun, so several callers at once, from any threads, only share the workers
// and cannot deadlock. Workers do not begin to help while as many threads as the pool counts are
// already busy in loops, and leave a loop when more are: cores are not oversubscribed.
//
// A worker without work spins for some tens of microseconds, then sleeps. A loop allocates nothing.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace escuta {

// A borrowed callable, void(long task, int slot): valid as long as what it was made from.
class TaskRef {
 public:
  template <typename F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, TaskRef>)
      TaskRef(F&& function)  // NOLINT: made where a lambda is passed
      : context_(const_cast<void*>(static_cast<const void*>(&function))),
        call_([](void* context, long task, int slot) {
          (*static_cast<std::remove_reference_t<F>*>(context))(task, slot);
        }) {}
  void operator()(long task, int slot) const { call_(context_, task, slot); }

 private:
  void* context_;
  void (*call_)(void*, long, int);
};

class ThreadPool {
 public:
  static constexpr int kMaxThreads = 256;

  // `threads` counts the caller: 1 makes no worker. Clamped to 1..kMaxThreads.
  explicit ThreadPool(int threads);
  ~ThreadPool();  // no loop may be running
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  // The threads that a loop asked to use `requested` can have: at least 1; 0 or less means all.
  int limit(int requested) const;

  // Calls task(i, slot) once for each i of 0..n, in any order, on at most limit(max_threads)
  // threads; returns when all calls have. Calls running at the same time have different slots, of
  // 0..limit(max_threads): an index for per-thread scratch. What the calls wrote is visible to the
  // caller. A call inside a task runs serially, with slot 0. `task` must not throw.
  void parallel_for(long n, int max_threads, TaskRef task);

 private:
  struct Loop;

  void work();
  Loop* choose();  // mutex_ held
  bool crowded() const { return busy_.load(std::memory_order_relaxed) > threads(); }
  void run_tasks(Loop& loop, int slot, bool is_worker);
  void wait_for_helpers(Loop& loop);

  const int threads_;
  std::vector<std::thread> workers_;
  std::atomic<int> busy_{0};         // threads inside a loop: its callers and helpers
  std::atomic<uint32_t> posted_{0};  // loops ever posted: what idle workers watch
  std::mutex mutex_;                 // all below, and Loop's slots and links
  std::condition_variable wake_;     // a loop was posted, or stop_
  std::condition_variable left_;     // a helper left a loop
  Loop* first_ = nullptr;            // posted loops
  int sleepers_ = 0;
  bool stop_ = false;
};

// The pool of the process, made at the first call.
ThreadPool& thread_pool();

}  // namespace escuta
