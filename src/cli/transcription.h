// The files of one `escuta transcribe`: which is next, where its results go, what is told
// meanwhile.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/progress.h"
#include "jobs/input.h"
#include "jobs/journal.h"
#include "pipeline/transcriber.h"
#include "pipeline/writers.h"

namespace escuta::cli {

struct TranscriptionPlan {
  std::vector<jobs::Input> inputs;
  std::vector<std::filesystem::path> bases;  // of each one's results, without extension; empty:
                                             // standard output
  std::vector<pipeline::Format> formats;
  pipeline::Layout layout;
  ProgressMode progress = ProgressMode::kAuto;
  std::filesystem::path manifest_out;    // empty: none
  const std::atomic<bool>* interrupted;  // the file at hand is given up in order
};

// One thread; used once. Each failure is told and the next file done.
class Transcription {
 public:
  // `journal`: null, or with the jobs of the plan's inputs added, in the same order.
  Transcription(const TranscriptionPlan& plan, const pipeline::Transcriber& transcriber,
                const pipeline::TranscribeOptions& options, jobs::Journal* journal);

  // The exit code. `failed_before`: what could not even become an input.
  int run(size_t failed_before);

 private:
  struct Work {
    size_t input;
    int64_t job;  // of the journal
    bool is_open = true;
  };

  std::optional<pipeline::AudioInput> next();
  Result<std::optional<size_t>> claim();
  bool finish(size_t number, Result<pipeline::Transcript> transcript);
  Status deliver(Work& work, const pipeline::Transcript& transcript);
  Status write(int64_t job, const jobs::JobResult& result, bool again);
  std::string manifest_line(size_t input, const pipeline::Transcript& transcript,
                            const std::vector<std::string>& files) const;
  void fail(Work& work, const Status& status);
  void stop(const Status& status);
  bool is_over() const { return *plan_.interrupted || output_is_gone_ || !stopped_.ok(); }

  void show(size_t number);
  void update_bar(double position_s, double duration_s);
  void count();
  void summary(double elapsed_s) const;
  void tell_failures() const;

  const TranscriptionPlan& plan_;
  const pipeline::Transcriber& transcriber_;
  pipeline::TranscribeOptions options_;
  jobs::Journal* journal_;
  Stopwatch clock_;
  std::vector<Work> works_;  // by the transcriber's numbers
  size_t next_input_ = 0;    // without a journal
  std::optional<ProgressBar> bar_;
  size_t shown_ = 0;  // the number of the bar's file
  JobProgress progress_;
  double shown_bytes_ = 0;  // of the bar's file
  std::vector<std::string> failures_;
  std::atomic<bool> output_is_gone_ = false;
  Status stopped_;  // the journal cannot be written
};

}  // namespace escuta::cli
