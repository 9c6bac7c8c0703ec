#include "isolated.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <optional>

namespace escuta::conformance {
namespace {

using Clock = std::chrono::steady_clock;

// How many tasks a child is given at once: enough to make its start cheap, few enough for the
// children to end at about the same time.
constexpr size_t kTasksPerChild = 32;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// What a child says: a Header that a task begins (size 0, begins) or has ended, and then its text.
struct Header {
  uint64_t task;
  uint64_t size;
  bool begins;
};

void write_all(int fd, const void* data, size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(fd, at, size);
    if (written <= 0) ::_exit(3);  // the parent is gone
    at += written;
    size -= static_cast<size_t>(written);
  }
}

class Child {
 public:
  Child(std::vector<size_t> tasks, const IsolationLimits& limits,
        const std::function<void()>& start, const std::function<std::string(size_t)>& task)
      : tasks_(std::move(tasks)) {
    int ends[2];
    said_ = ::memfd_create("said", MFD_CLOEXEC);
    if (said_ < 0 || ::pipe2(ends, O_CLOEXEC) != 0) fail("a pipe");
    pid_ = ::fork();
    if (pid_ < 0) fail("a process");
    if (pid_ == 0) {
      ::close(ends[0]);
      work(ends[1], limits, start, task);
    }
    ::close(ends[1]);
    pipe_ = ends[0];
    begin_ = Clock::now();
  }
  ~Child() {
    if (pid_ > 0) end();
    ::close(pipe_);
    ::close(said_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int pipe() const { return pipe_; }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  // Takes what the child has written. False when it has ended.
  bool read(std::vector<TaskResult>& results) {
    char block[1 << 16];
    const ssize_t size = ::read(pipe_, block, sizeof(block));
    if (size <= 0) return size < 0 && errno == EINTR;
    buffer_.append(block, static_cast<size_t>(size));
    Header header;
    while (buffer_.size() >= sizeof(header)) {
      std::memcpy(&header, buffer_.data(), sizeof(header));
      if (buffer_.size() < sizeof(header) + header.size) break;
      begin_ = Clock::now();
      if (!header.begins) {
        results[header.task].text = buffer_.substr(sizeof(header), header.size);
        tasks_.erase(tasks_.begin());
      }
      buffer_.erase(0, sizeof(header) + header.size);
    }
    return true;
  }

  // Ends the child and says what it ended with; the tasks that it has not done are left.
  std::string end() {
    int status = 0;
    ::kill(pid_, SIGKILL);  // nothing, where it has ended by itself
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    const std::string how =
        WIFSIGNALED(status)
            ? fmt::format("signal {}, {}", WTERMSIG(status), ::strsignal(WTERMSIG(status)))
            : fmt::format("exit status {}", WEXITSTATUS(status));
    const std::string last = last_said();
    return last.empty() ? how : fmt::format("{}: {}", how, last);
  }
  const std::vector<size_t>& tasks_left() const { return tasks_; }

 private:
  [[noreturn]] static void fail(const char* what) {
    std::fprintf(stderr, "no %s for a test: %s\n", what, std::strerror(errno));
    std::exit(2);
  }

  [[noreturn]] void work(int pipe, const IsolationLimits& limits,
                         const std::function<void()>& start,
                         const std::function<std::string(size_t)>& task) {
    ::dup2(said_, STDOUT_FILENO);
    ::dup2(said_, STDERR_FILENO);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    if (!kSanitized) {
      const rlimit memory{limits.memory_bytes, limits.memory_bytes};
      ::setrlimit(RLIMIT_AS, &memory);
    }
    start();
    for (const size_t number : tasks_) {
      Header header{number, 0, true};
      write_all(pipe, &header, sizeof(header));
      const std::string text = task(number);
      header = {number, text.size(), false};
      write_all(pipe, &header, sizeof(header));
      write_all(pipe, text.data(), text.size());
    }
    ::_exit(0);
  }

  // The last line that the child wrote to stderr; of a sanitizer's report its summary.
  std::string last_said() const {
    std::string text(size_t{1} << 16, '\0');
    const off_t size = ::lseek(said_, 0, SEEK_END);
    const off_t from = std::max<off_t>(0, size - static_cast<off_t>(text.size()));
    const ssize_t got = ::pread(said_, text.data(), text.size(), from);
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    const size_t summary = text.rfind("SUMMARY: ");
    const size_t line = summary != std::string::npos ? summary : text.rfind('\n') + 1;
    return text.substr(line, text.find('\n', line) - line);
  }

  std::vector<size_t> tasks_;  // not done yet, the one in work first
  pid_t pid_ = 0;
  int pipe_ = -1;
  int said_ = -1;
  std::string buffer_;
  Clock::time_point begin_;  // of the task in work
};

// Children at work, and what is left to hand out.
class Crew {
 public:
  Crew(size_t count, const IsolationLimits& limits, const std::function<void()>& start,
       const std::function<std::string(size_t)>& task)
      : limits_(limits), start_(start), task_(task), results_(count) {
    for (size_t i = 0; i < count; ++i) waiting_.push_back(i);
  }

  std::vector<TaskResult> run() {
    while (!waiting_.empty() || !children_.empty()) {
      while (!waiting_.empty() && children_.size() < static_cast<size_t>(limits_.jobs)) hire();
      wait();
    }
    return std::move(results_);
  }

 private:
  void hire() {
    const size_t share = waiting_.size() / (2 * static_cast<size_t>(limits_.jobs)) + 1;
    const size_t n = std::min(share, kTasksPerChild);
    std::vector<size_t> tasks(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(n));
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(n));
    children_.push_back(std::make_unique<Child>(std::move(tasks), limits_, start_, task_));
  }

  void wait() {
    constexpr int kTickMs = 100;  // how exactly time limits are kept
    std::vector<pollfd> polls;
    for (const auto& child : children_) polls.push_back({child->pipe(), POLLIN, 0});
    ::poll(polls.data(), polls.size(), kTickMs);
    for (size_t i = 0; i < children_.size(); ++i) {
      if (polls[i].revents != 0 && !children_[i]->read(results_)) {
        dismiss(*children_[i], TaskResult::Kind::kCrash);
      } else if (polls[i].revents == 0 && children_[i]->seconds() > limits_.seconds_per_task) {
        dismiss(*children_[i], TaskResult::Kind::kTimeout);
      } else {
        continue;
      }
      children_[i].reset();
    }
    std::erase(children_, nullptr);
  }

  // The task that was in work is the one that failed; those after it are handed out again.
  void dismiss(Child& child, TaskResult::Kind kind) {
    const std::string how = child.end();
    const std::vector<size_t>& left = child.tasks_left();
    if (left.empty()) return;
    results_[left.front()] = {kind, kind == TaskResult::Kind::kTimeout
                                        ? fmt::format("more than {} s", limits_.seconds_per_task)
                                        : how};
    waiting_.insert(waiting_.begin(), left.begin() + 1, left.end());
  }

  const IsolationLimits& limits_;
  const std::function<void()>& start_;
  const std::function<std::string(size_t)>& task_;
  std::vector<TaskResult> results_;
  std::deque<size_t> waiting_;
  std::vector<std::unique_ptr<Child>> children_;
};

}  // namespace

std::vector<TaskResult> run_isolated(size_t count, const IsolationLimits& limits,
                                     const std::function<void()>& start,
                                     const std::function<std::string(size_t)>& task) {
  return Crew(count, limits, start, task).run();
}

}  // namespace escuta::conformance
