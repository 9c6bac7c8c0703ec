// Several files at once: windows of one and of several are rows of one batch.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "pipeline/file_run.h"

namespace escuta::pipeline {

// One thread; used once.
class BatchRun {
 public:
  // done(i, result) is called once for each path, in order; it returns whether to go on.
  using Done = std::function<bool(size_t, Result<Transcript>)>;
  BatchRun(const Recognizer& recognizer, std::span<const std::filesystem::path> paths, Done done)
      : recognizer_(recognizer), paths_(paths), done_(std::move(done)) {}

  void run();

 private:
  struct File {
    Result<FileRun> run;
    size_t number = 0;
    int64_t next = 0;        // the frame where the next window begins
    bool is_cut_up = false;  // no further window
    size_t waiting = 0;      // windows that are not decoded
    Status failed;
  };
  struct Waiting {
    File* file;
    Span span;
    Tensor features;
    whisper::Window window;
  };

  void fill();
  void cut(File& file);
  Status hear(File& file, const Span& span, Tensor features);
  void take(Waiting& decoded, const whisper::WindowResult& result, engine::Value states, double ms);
  void decode();
  bool deliver();

  const Recognizer& recognizer_;
  std::span<const std::filesystem::path> paths_;
  Done done_;
  size_t next_path_ = 0;
  std::deque<std::unique_ptr<File>> files_;  // that are not done
  std::vector<Waiting> waiting_;
};

}  // namespace escuta::pipeline
