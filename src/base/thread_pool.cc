#include "base/thread_pool.h"

#include <algorithm>
#include <bitset>
#include <chrono>

#include "base/cpu.h"

namespace escuta {
namespace {

constexpr auto kSpin = std::chrono::microseconds(40);

thread_local bool in_loop = false;

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Spins until done() or for kSpin; says whether it was done.
template <typename Done>
bool spin_until(Done done) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  return done();
}

}  // namespace

// One parallel_for, on its caller's stack. A worker touches it only between joining and leaving,
// both under the pool's mutex, and the caller stays until none is joined.
struct ThreadPool::Loop {
  TaskRef task;
  long n;
  int max_threads;
  std::atomic<long> next{0};
  std::atomic<int> helpers{0};       // written under mutex_
  std::bitset<kMaxThreads> slots{};  // taken; mutex_
  Loop* previous = nullptr;          // mutex_
  Loop* following = nullptr;         // mutex_
};

ThreadPool::ThreadPool(int threads) : threads_(std::clamp(threads, 1, kMaxThreads)) {
  workers_.reserve(static_cast<size_t>(threads_ - 1));
  for (int i = 1; i < threads_; ++i) workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    posted_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

int ThreadPool::limit(int requested) const {
  return requested <= 0 ? threads() : std::min(requested, threads());
}

void ThreadPool::run_tasks(Loop& loop, int slot, bool is_worker) {
  const bool outer = in_loop;
  in_loop = true;
  while (!is_worker || !crowded()) {
    const long i = loop.next.fetch_add(1, std::memory_order_relaxed);
    if (i >= loop.n) break;
    loop.task(i, slot);
  }
  in_loop = outer;
}

void ThreadPool::parallel_for(long n, int max_threads, TaskRef task) {
  const int threads_wanted = static_cast<int>(std::min<long>(n, limit(max_threads)));
  if (in_loop || threads_wanted <= 1) {
    const bool outer = in_loop;
    in_loop = true;
    for (long i = 0; i < n; ++i) task(i, 0);
    in_loop = outer;
    return;
  }
  Loop loop{.task = task, .n = n, .max_threads = threads_wanted};
  loop.slots.set(0);
  busy_.fetch_add(1, std::memory_order_relaxed);
  int sleepers = 0;
  {
    const std::lock_guard lock(mutex_);
    loop.following = first_;
    if (first_ != nullptr) first_->previous = &loop;
    first_ = &loop;
    posted_.fetch_add(1, std::memory_order_release);
    sleepers = sleepers_;
  }
  const int wanted = std::min(sleepers, threads_wanted - 1);
  for (int i = 0; i < wanted; ++i) wake_.notify_one();
  run_tasks(loop, 0, false);
  wait_for_helpers(loop);
  busy_.fetch_sub(1, std::memory_order_relaxed);
}

void ThreadPool::wait_for_helpers(Loop& loop) {
  {
    const std::lock_guard lock(mutex_);
    (loop.previous != nullptr ? loop.previous->following : first_) = loop.following;
    if (loop.following != nullptr) loop.following->previous = loop.previous;
  }
  // Nobody can join any more. Having seen 0 the caller still takes the lock: the last helper
  // touches the loop until it releases it.
  spin_until([&] { return loop.helpers.load(std::memory_order_relaxed) == 0; });
  std::unique_lock lock(mutex_);
  left_.wait(lock, [&] { return loop.helpers.load(std::memory_order_relaxed) == 0; });
}

// The posted loop that has work and room, with the fewest helpers.
ThreadPool::Loop* ThreadPool::choose() {
  if (busy_.load(std::memory_order_relaxed) >= threads()) return nullptr;
  Loop* best = nullptr;
  int fewest = kMaxThreads;
  for (Loop* loop = first_; loop != nullptr; loop = loop->following) {
    const int helpers = loop->helpers.load(std::memory_order_relaxed);
    if (helpers + 1 >= loop->max_threads || helpers >= fewest) continue;
    if (loop->next.load(std::memory_order_relaxed) >= loop->n) continue;
    best = loop;
    fewest = helpers;
  }
  return best;
}

void ThreadPool::work() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const uint32_t seen = posted_.load(std::memory_order_relaxed);
    if (Loop* loop = choose()) {
      size_t slot = 1;
      while (loop->slots.test(slot)) ++slot;
      loop->slots.set(slot);
      loop->helpers.fetch_add(1, std::memory_order_relaxed);
      busy_.fetch_add(1, std::memory_order_relaxed);
      lock.unlock();
      run_tasks(*loop, static_cast<int>(slot), true);
      lock.lock();
      busy_.fetch_sub(1, std::memory_order_relaxed);
      loop->slots.reset(slot);
      if (loop->helpers.fetch_sub(1, std::memory_order_relaxed) == 1) left_.notify_all();
      continue;
    }
    lock.unlock();
    const bool posted = spin_until([&] { return posted_.load(std::memory_order_acquire) != seen; });
    lock.lock();
    if (posted) continue;
    ++sleepers_;
    wake_.wait(lock, [&] { return stop_ || posted_.load(std::memory_order_relaxed) != seen; });
    --sleepers_;
  }
}

ThreadPool& thread_pool() {
  static ThreadPool pool(available_cores());
  return pool;
}

}  // namespace escuta
