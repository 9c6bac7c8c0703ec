// Several files at once: windows of one and of several are rows of one batch.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "pipeline/file_run.h"
#include "pipeline/open_ahead.h"

namespace escuta::pipeline {

// One thread; used once.
class BatchRun {
 public:
  // done(i, result) is called once for each file, in order; it returns whether to go on.
  using Done = std::function<bool(size_t, Result<Transcript>)>;
  BatchRun(const Recognizer& recognizer, OpenAhead& source, Done done)
      : recognizer_(recognizer), source_(source), done_(std::move(done)) {}

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
  OpenAhead& source_;
  Done done_;
  bool no_more_ = false;                     // files to open
  std::deque<std::unique_ptr<File>> files_;  // that are not done
  std::vector<Waiting> waiting_;
};

}  // namespace escuta::pipeline
