#include "runtime/worker_queue.h"

#include <algorithm>
#include <utility>

namespace escuta::api {

WorkerQueue::WorkerQueue(int workers, size_t capacity)
    : workers_(static_cast<size_t>(std::max(workers, 1))),
      capacity_(capacity),
      shared_(std::make_shared<Shared>()) {}

WorkerQueue::Answer WorkerQueue::submit(Job job) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->closed) return Answer::kClosed;
    while (shared_->threads.size() < workers_) {
      shared_->threads.emplace_back([shared = shared_] { work(*shared); });
      ++shared_->idle;
    }
    // A job that an idle worker is about to take does not wait.
    if (shared_->jobs.size() >= capacity_ + shared_->idle) return Answer::kFull;
    shared_->jobs.push_back(std::move(job));
  }
  shared_->changed.notify_one();
  return Answer::kTaken;
}

void WorkerQueue::work(Shared& shared) {
  std::unique_lock lock(shared.mutex);
  while (true) {
    shared.changed.wait(lock, [&] { return shared.closed || !shared.jobs.empty(); });
    if (shared.jobs.empty()) return;
    Job job = std::move(shared.jobs.front());
    shared.jobs.pop_front();
    --shared.idle;
    lock.unlock();
    job(false);
    job = nullptr;  // may be the last user of what it holds: not under the lock
    lock.lock();
    ++shared.idle;
  }
}

void WorkerQueue::close() {
  const std::shared_ptr<Shared> shared = shared_;
  std::deque<Job> jobs;
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(shared->mutex);
    shared->closed = true;
    jobs.swap(shared->jobs);
    threads.swap(shared->threads);
  }
  shared->changed.notify_all();
  for (const Job& job : jobs) job(true);
  for (std::thread& thread : threads) {
    if (thread.get_id() == std::this_thread::get_id()) {
      thread.detach();
    } else {
      thread.join();
    }
  }
}

}  // namespace escuta::api
