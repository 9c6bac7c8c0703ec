#include "pipeline/batch_run.h"

#include "base/clock.h"

namespace escuta::pipeline {

void BatchRun::run() {
  for (;;) {
    fill();
    if (!deliver()) return;
    if (waiting_.empty()) {
      if (next_path_ == paths_.size()) return;
      continue;
    }
    decode();
    if (!deliver()) return;
  }
}

// Cuts windows until the batch is full, opening files as it goes.
void BatchRun::fill() {
  while (waiting_.size() < recognizer_.options.batch_size) {
    if (files_.empty() || files_.back()->is_cut_up) {
      if (next_path_ == paths_.size()) return;
      const size_t number = next_path_++;
      auto file = std::make_unique<File>(
          File{FileRun::open(recognizer_, number, paths_[number]), number, 0, false, 0, Status()});
      if (!file->run.ok()) {
        file->failed = file->run.status();
        file->is_cut_up = true;
      }
      files_.push_back(std::move(file));
    }
    if (!files_.back()->is_cut_up) cut(*files_.back());
  }
}

void BatchRun::cut(File& file) {
  const auto next = [&]() -> Status {
    ASSIGN_OR_RETURN(const Span span, file.run->next_cut(file.next));
    file.is_cut_up = span.count == 0;
    if (file.is_cut_up) return Status();
    ASSIGN_OR_RETURN(whisper::Window window, file.run->encode(span));
    file.next = span.begin + span.count;
    ++file.waiting;
    waiting_.push_back({&file, span});
    windows_.push_back(std::move(window));
    return Status();
  };
  file.failed = next();
  if (!file.failed.ok()) file.is_cut_up = true;
}

void BatchRun::decode() {
  const Stopwatch decoding;
  auto results = whisper::decode_windows(recognizer_.model, recognizer_.vocabulary, windows_,
                                         recognizer_.decoding);
  const double share_ms = decoding.ms() / static_cast<double>(waiting_.size());
  for (size_t i = 0; i < waiting_.size(); ++i) {
    File& file = *waiting_[i].file;
    --file.waiting;
    if (!results.ok()) {
      file.failed = results.status();
      file.is_cut_up = true;
    } else if (file.failed.ok()) {
      file.run->add(waiting_[i].span, (*results)[i], share_ms);
    }
  }
  waiting_.clear();
  windows_.clear();
}

// Hands over the files at the front that are finished; says whether to go on.
bool BatchRun::deliver() {
  while (!files_.empty() && files_.front()->is_cut_up && files_.front()->waiting == 0) {
    File& file = *files_.front();
    const size_t number = file.number;
    Result<Transcript> result =
        file.failed.ok() ? Result<Transcript>(file.run->finish()) : file.failed;
    files_.pop_front();
    if (!done_(number, std::move(result))) return false;
  }
  return true;
}

}  // namespace escuta::pipeline
