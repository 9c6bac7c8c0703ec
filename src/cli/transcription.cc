#include "cli/transcription.h"

#include <algorithm>
#include <cstdio>
#include <system_error>

#include "base/printable.h"
#include "cli/command.h"
#include "cli/outputs.h"
#include "jobs/manifest.h"

namespace escuta::cli {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMostFailuresTold = 50;
constexpr size_t kShown = 300;  // characters of a failure

double bytes_of(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : static_cast<double>(size);
}

}  // namespace

Transcription::Transcription(const TranscriptionPlan& plan,
                             const pipeline::Transcriber& transcriber,
                             const pipeline::TranscribeOptions& options, jobs::Journal* journal)
    : plan_(plan), transcriber_(transcriber), options_(options), journal_(journal) {
  options_.cancelled = [this] { return *plan_.interrupted || output_is_gone_; };
  options_.on_progress = [this](size_t number, double position_s, double duration_s) {
    if (number == shown_) update_bar(position_s, duration_s);
  };
  progress_.total = plan_.inputs.size();
  if (journal_ == nullptr && progress_.total > 1) {
    for (const jobs::Input& input : plan_.inputs) progress_.bytes_left += bytes_of(input.path);
  }
}

int Transcription::run(size_t failed_before) {
  count();
  transcriber_.transcribe_all([this] { return next(); }, options_,
                              [this](size_t number, Result<pipeline::Transcript> transcript) {
                                return finish(number, std::move(transcript));
                              });
  bar_.reset();
  for (const Work& work : works_) {
    if (journal_ == nullptr || !work.is_open) continue;
    if (const Status status = journal_->release(work.job); !status.ok()) stop(status);
  }
  count();
  if (plan_.progress != ProgressMode::kOff && progress_.audio_s > 0) summary(clock_.ms() / 1000);
  tell_failures();
  const bool whole = progress_.failed == 0 && failed_before == 0 && stopped_.ok();
  return whole && !*plan_.interrupted ? kDone : kSomeFailed;
}

// Takes a job of the journal; those that only have to be written out are done at once.
Result<std::optional<size_t>> Transcription::claim() {
  for (;;) {
    ASSIGN_OR_RETURN(const std::optional<jobs::JobClaim> claim, journal_->claim());
    if (!claim) return std::optional<size_t>();
    works_.push_back({claim->request, claim->id});
    if (claim->was_tried) {
      for (const std::string& file : output_files(plan_.bases[claim->request], plan_.formats)) {
        remove_leftovers(file);
      }
    }
    if (!claim->rendered) return std::optional<size_t>(claim->request);
    Work work = works_.back();
    works_.pop_back();  // the transcriber has no number for it
    const Status status = write(work.job, *claim->rendered, true);
    if (!status.ok()) fail(work, status);
    if (!stopped_.ok()) return stopped_;
  }
}

std::optional<pipeline::AudioInput> Transcription::next() {
  if (is_over()) return std::nullopt;
  size_t input = next_input_;
  if (journal_ != nullptr) {
    const Result<std::optional<size_t>> claimed = claim();
    if (!claimed.ok()) {
      stop(claimed.status());
      return std::nullopt;
    }
    if (!*claimed) return std::nullopt;
    input = **claimed;
  } else {
    if (next_input_ == plan_.inputs.size()) return std::nullopt;
    works_.push_back({next_input_++, 0});
  }
  if (works_.size() == 1) show(0);
  return pipeline::AudioInput{plan_.inputs[input].path, plan_.inputs[input].language};
}

// Says whether to go on.
bool Transcription::finish(size_t number, Result<pipeline::Transcript> transcript) {
  ProgressBar::clear();
  Work& work = works_[number];
  if (!transcript.ok() && is_over() && transcript.status().code() == StatusCode::kCancelled) {
    if (*plan_.interrupted) print_error(transcript.status());
    return false;
  }
  const Status status = transcript.ok() ? deliver(work, *transcript) : transcript.status();
  if (!status.ok()) fail(work, status);
  if (transcript.ok()) progress_.audio_s += transcript->duration_s;
  count();
  show(number + 1);
  return !is_over();
}

Status Transcription::deliver(Work& work, const pipeline::Transcript& transcript) {
  jobs::JobResult result;
  std::vector<std::string> files;
  if (!plan_.bases.empty()) {
    files = output_files(plan_.bases[work.input], plan_.formats);
    for (size_t i = 0; i < files.size(); ++i) {
      result.files.push_back(
          {files[i], pipeline::render(transcript, plan_.formats[i], plan_.layout)});
    }
  } else {
    const Status status =
        write_stdout(pipeline::render(transcript, plan_.formats.front(), plan_.layout));
    output_is_gone_ = !status.ok();
    RETURN_IF_ERROR(status);
  }
  if (!plan_.manifest_out.empty()) {
    result.manifest_line = manifest_line(work.input, transcript, files);
  }
  if (journal_ != nullptr) {
    const Status kept = journal_->set_rendered(work.job, result, transcript.duration_s);
    if (!kept.ok()) stop(kept);
    if (!kept.ok()) return Status();
  }
  RETURN_IF_ERROR(write(work.job, result, false));
  work.is_open = false;
  if (journal_ == nullptr) ++progress_.done;
  return Status();
}

// Writes out what is rendered; `again`: by a process that may have got some way with it.
Status Transcription::write(int64_t job, const jobs::JobResult& result, bool again) {
  RETURN_IF_ERROR(write_outputs(result.files));
  if (!result.manifest_line.empty()) {
    RETURN_IF_ERROR(jobs::append_line(plan_.manifest_out, result.manifest_line, again));
  }
  if (journal_ == nullptr) return Status();
  if (const Status status = journal_->set_done(job); !status.ok()) stop(status);
  return Status();
}

std::string Transcription::manifest_line(size_t input, const pipeline::Transcript& transcript,
                                         const std::vector<std::string>& files) const {
  Json line = {{"audio", transcript.file},
               {"language", transcript.language},
               {"duration", transcript.duration_s},
               {"text", transcript.text()}};
  if (!files.empty()) line["files"] = files;
  if (!plan_.inputs[input].manifest_line.is_null()) {
    line["input"] = plan_.inputs[input].manifest_line;
  }
  return json_dump(line);
}

void Transcription::fail(Work& work, const Status& status) {
  print_error(status);
  work.is_open = false;
  failures_.push_back(std::string(status.message()));
  if (journal_ == nullptr) {
    ++progress_.failed;
  } else if (const Status kept = journal_->set_failed(work.job, status.message()); !kept.ok()) {
    stop(kept);
  }
}

// What cannot be kept in the journal ends the run: its jobs are another one's.
void Transcription::stop(const Status& status) {
  if (!stopped_.ok()) return;
  stopped_ = status;
  print_error(status);
}

void Transcription::show(size_t number) {
  bar_.reset();
  shown_ = number;
  shown_bytes_ = 0;
  if (number >= works_.size()) return;
  const fs::path& path = plan_.inputs[works_[number].input].path;
  bar_.emplace(plan_.progress, path.string());
  if (progress_.total > 1) shown_bytes_ = bytes_of(path);
}

void Transcription::update_bar(double position_s, double duration_s) {
  if (!bar_) return;
  if (progress_.total < 2) return bar_->update(position_s, duration_s);
  JobProgress now = progress_;
  const double share = duration_s > 0 ? std::min(position_s / duration_s, 1.0) : 0;
  now.elapsed_s = clock_.ms() / 1000;
  now.bytes_done += shown_bytes_ * share;
  now.bytes_left -= shown_bytes_ * share;
  bar_->update(position_s, duration_s, &now);
}

// Brings the numbers of the progress line up to date.
void Transcription::count() {
  progress_.bytes_done += shown_bytes_;
  if (journal_ == nullptr) {
    progress_.bytes_left -= shown_bytes_;
    return;
  }
  const auto counts = journal_->counts();
  if (!counts.ok()) return stop(counts.status());
  progress_.done = counts->done;
  progress_.failed = counts->failed;
  progress_.bytes_left = static_cast<double>(counts->bytes_left);
}

void Transcription::summary(double elapsed_s) const {
  std::fprintf(stderr, "%.1f s of audio in %.1f s, %.1fx real time\n", progress_.audio_s, elapsed_s,
               progress_.audio_s / elapsed_s);
}

void Transcription::tell_failures() const {
  if (progress_.total < 2 && journal_ == nullptr) return;
  const size_t left =
      progress_.total - std::min(progress_.total, progress_.done + progress_.failed);
  if (journal_ != nullptr && left > 0) {
    std::fprintf(stderr, "%zu of %zu inputs are not done: the same command goes on with them%s\n",
                 left, progress_.total, is_over() ? "" : ", where no other process is at them now");
  }
  if (progress_.failed == 0) return;
  std::vector<std::string> told = failures_;
  if (journal_ != nullptr) {
    const auto failures = journal_->failures();
    if (!failures.ok()) return;
    told.clear();
    for (const jobs::JobFailure& failure : *failures) told.push_back(failure.error);
  }
  std::fprintf(stderr, "%zu of %zu inputs failed%s\n", progress_.failed, progress_.total,
               journal_ != nullptr ? "; --retry-failed tries them again:" : ":");
  for (size_t i = 0; i < told.size() && i < kMostFailuresTold; ++i) {
    std::fprintf(stderr, "  %s\n", printable(told[i], kShown).c_str());
  }
  if (told.size() > kMostFailuresTold) {
    std::fprintf(stderr, "  and %zu more\n", told.size() - kMostFailuresTold);
  }
}

}  // namespace escuta::cli
