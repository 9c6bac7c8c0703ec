#include "pipeline/batch_run.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace escuta::pipeline {
namespace {

// Frames first .. first + count - 1 of features [1, n_mels, window_frames], at the beginning of a
// tensor of that shape; zeros behind them.
Result<Tensor> shifted(const Tensor& features, int64_t first, int64_t count) {
  const Shape& shape = features.shape();
  ASSIGN_OR_RETURN(Tensor moved, Tensor::create(features.dtype(), shape));
  const auto from = features.view().as<float>();
  for (int64_t bin = 0; bin < shape[1]; ++bin) {
    std::copy_n(from.begin() + bin * shape[2] + first, count,
                moved.as<float>().begin() + bin * shape[2]);
  }
  return moved;
}

}  // namespace

void BatchRun::run() {
  for (;;) {
    fill();
    if (!deliver()) return;
    if (waiting_.empty()) {
      if (no_more_) return;
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
      std::optional<OpenAhead::Opened> opened = source_.next();
      no_more_ = !opened;
      if (no_more_) return;
      auto file = std::make_unique<File>(
          File{std::move(opened->run), opened->number, 0, false, 0, Status()});
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
    ASSIGN_OR_RETURN(Tensor features, file.run->features(span));
    file.next = span.begin + span.count;
    return hear(file, span, std::move(features));
  };
  file.failed = next();
  if (!file.failed.ok()) file.is_cut_up = true;
}

// Encodes a window, which then waits to be decoded.
Status BatchRun::hear(File& file, const Span& span, Tensor features) {
  ASSIGN_OR_RETURN(Tensor copy, shifted(features, 0, span.count));
  ASSIGN_OR_RETURN(whisper::Window window, file.run->encode(span, std::move(copy)));
  ++file.waiting;
  waiting_.push_back({&file, span, std::move(features), std::move(window)});
  return Status();
}

void BatchRun::decode() {
  const Stopwatch decoding;
  std::vector<Waiting> batch = std::move(waiting_);
  waiting_.clear();
  std::vector<whisper::Window> windows;
  for (Waiting& one : batch) windows.push_back(std::move(one.window));
  const auto results = whisper::decode_windows(recognizer_.model, recognizer_.vocabulary, windows,
                                               recognizer_.decoding);
  // Of use for words alone; what is heard again takes as much memory anew.
  if (!recognizer_.options.words) {
    for (whisper::Window& window : windows) window.encoder_states = engine::Value();
  }
  const double share_ms = decoding.ms() / static_cast<double>(batch.size());
  for (size_t i = 0; i < batch.size(); ++i) {
    File& file = *batch[i].file;
    --file.waiting;
    if (!results.ok()) {
      file.failed = results.status();
      file.is_cut_up = true;
    } else if (file.failed.ok()) {
      take(batch[i], (*results)[i], std::exchange(windows[i].encoder_states, {}), share_ms);
    }
  }
}

// Where a text breaks off before its window ends, the rest is a window of the next batch.
void BatchRun::take(Waiting& decoded, const whisper::WindowResult& result, engine::Value states,
                    double ms) {
  File& file = *decoded.file;
  const Span& span = decoded.span;
  const Result<int64_t> added = file.run->add(span, result, states, ms);
  states = engine::Value();
  if (!added.ok()) {
    file.failed = added.status();
    file.is_cut_up = true;
    return;
  }
  const int64_t end = *added;
  const int64_t heard = end - span.begin, left = span.count - heard;
  if (left <= 0) return;
  const auto again = [&]() -> Status {
    ASSIGN_OR_RETURN(Tensor features, shifted(decoded.features, heard, left));
    return hear(file, {end, left}, std::move(features));
  };
  file.failed = again();
  if (!file.failed.ok()) file.is_cut_up = true;
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
