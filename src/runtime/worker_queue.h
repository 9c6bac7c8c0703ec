// A few threads that do jobs in the order in which they come. Any thread, its own included.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace escuta::api {

class WorkerQueue {
 public:
  // Called once; `closed`: instead of being done, from whoever closes the queue.
  using Job = std::function<void(bool closed)>;
  enum class Answer { kTaken, kFull, kClosed };

  // workers >= 1; they are made at the first submit. `capacity` jobs may wait.
  WorkerQueue(int workers, size_t capacity);
  ~WorkerQueue() { close(); }
  WorkerQueue(const WorkerQueue&) = delete;
  WorkerQueue& operator=(const WorkerQueue&) = delete;

  Answer submit(Job job);
  // Gives waiting jobs back and waits for those being done, except for the caller's own.
  void close();

 private:
  // What the threads use, which outlives the queue where one of them destroys it.
  struct Shared {
    std::mutex mutex;  // all below
    std::condition_variable changed;
    std::deque<Job> jobs;
    std::vector<std::thread> threads;
    size_t idle = 0;
    bool closed = false;
  };
  static void work(Shared& shared);
  const size_t workers_, capacity_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace escuta::api
