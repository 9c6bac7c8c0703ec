#include "pipeline/open_ahead.h"

namespace escuta::pipeline {

void OpenAhead::begin() {
  ahead_.reset();
  std::optional<AudioInput> input = next_();
  if (!input) return;
  // One after the other where the system has no thread to give.
  ahead_ = std::async(std::launch::async | std::launch::deferred,
                      [this, number = taken_++, input = std::move(*input)] {
                        return FileRun::open(recognizer_, number, input);
                      });
}

std::optional<OpenAhead::Opened> OpenAhead::next() {
  if (taken_ == 0) begin();
  if (!ahead_) return std::nullopt;
  const size_t number = taken_ - 1;
  Opened opened = {number, ahead_->get()};
  if (opened.run.ok()) opened.run->start_clock();
  begin();
  return opened;
}

}  // namespace escuta::pipeline
