// What a command over many files has done and what is left: a SQLite file that outlives the
// process.
//
// A job is an input, the name of its results, and what decides about them: the input's size and
// time, and the settings. Its way: pending -> running -> rendered (the result files' content is in
// the journal) -> done, or failed. A process that dies leaves each job in a state from which the
// next one goes on: what was rendered is only written out. Several processes may share a journal;
// each job belongs to one living process at most (jobs/owners.h). They must run on one machine, as
// the log that SQLite keeps beside the file is shared memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "jobs/owners.h"
#include "jobs/sqlite.h"

namespace escuta::jobs {

struct JobRequest {
  std::string input;                    // absolute path
  std::string output;                   // absolute path of its results, without extension
  int64_t size = -1;                    // of the input; -1 where it cannot be seen
  int64_t time_ns = 0;                  // when the input was changed
  std::string settings;                 // a JSON object: what else decides about the result
  std::vector<std::string> files = {};  // the result files
};

// What add() found.
struct JobPlan {
  size_t done = 0;             // of an earlier run
  size_t failed = 0;           // in an earlier run, and not asked to be tried again
  size_t new_inputs = 0;       // done again, as the input is another than it was
  size_t new_settings = 0;     // done again, as the settings are others
  size_t lost_results = 0;     // done again, as a result file is gone
  std::string other_settings;  // names of those that differ, of one such job: "model, task"
};

struct ResultFile {
  std::string path;
  std::string content;
};

// Everything that is written for a job: files, and a line of a manifest ("" for none).
struct JobResult {
  std::vector<ResultFile> files;
  std::string manifest_line;
};

struct JobClaim {
  int64_t id = 0;
  size_t request = 0;                   // its place among those of add()
  bool was_tried = false;               // by a process that died at it, and may have left traces
  std::optional<JobResult> rendered{};  // by a process that died before it had written it out
};

struct JobCounts {
  size_t done = 0, failed = 0, running = 0, pending = 0;
  int64_t bytes_left = 0;  // of inputs that are neither done nor failed
};

struct JobFailure {
  std::string input, error;
};

// One thread.
class Journal {
 public:
  // Makes the file where it is missing. DataLoss, FailedPrecondition: it is something else.
  static Result<std::unique_ptr<Journal>> open(const std::filesystem::path& path);

  // The jobs of this command, once. With `retry_failed`, those that failed are pending again.
  Result<JobPlan> add(std::span<const JobRequest> requests, bool retry_failed);

  // The next job for this process: those that were tried least come first. Nothing where each is
  // done, failed, or another living process'.
  Result<std::optional<JobClaim>> claim();

  // Steps of a job that this process has claimed. FailedPrecondition where it no longer has.
  Status set_rendered(int64_t id, const JobResult& result, double audio_s);
  Status set_done(int64_t id);
  Status set_failed(int64_t id, std::string_view error);
  Status release(int64_t id);  // as if it had not been claimed

  // Of the jobs of add().
  Result<JobCounts> counts();
  Result<std::vector<JobFailure>> failures();

 private:
  Journal(std::unique_ptr<Database> database, Owners owners)
      : database_(std::move(database)), owners_(std::move(owners)) {}
  Status make_tables();
  Result<int64_t> settings_id(const std::string& settings);
  Status add_one(const JobRequest& request, int64_t position, bool retry_failed, JobPlan& plan);
  Status reset(int64_t id);
  Result<std::string> differing(int64_t old_settings, const std::string& settings);
  Status take(std::optional<JobClaim>& claimed);
  Status free_jobs_of_the_dead();
  Result<JobResult> result_of(int64_t id);
  Status keep_result(int64_t id, const JobResult& result, double audio_s);
  Status change(Statement statement);

  std::unique_ptr<Database> database_;
  Owners owners_;
  int64_t owner_ = 0;
};

}  // namespace escuta::jobs
