#include "jobs/journal.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

#include "base/json.h"
#include "base/printable.h"

namespace escuta::jobs {
namespace {

constexpr int64_t kApplication = 0x65736374;  // "esct", in the file's header
constexpr int64_t kVersion = 1;
constexpr int kLogTries = 500;
constexpr std::chrono::milliseconds kLogPause(20);

// owner: the process that has a job; null where none does. results.kind: 0 a file, 1 a line of
// the manifest.
constexpr const char* kTables[] = {
    "CREATE TABLE owners (id INTEGER PRIMARY KEY AUTOINCREMENT)",
    "CREATE TABLE settings (id INTEGER PRIMARY KEY, json TEXT NOT NULL UNIQUE)",
    "CREATE TABLE jobs (id INTEGER PRIMARY KEY AUTOINCREMENT, input BLOB NOT NULL,"
    " output BLOB NOT NULL, size INTEGER NOT NULL, time_ns INTEGER NOT NULL,"
    " settings INTEGER NOT NULL REFERENCES settings, state TEXT NOT NULL DEFAULT 'pending' CHECK"
    " (state IN ('pending', 'running', 'rendered', 'done', 'failed')), owner INTEGER,"
    " attempts INTEGER NOT NULL DEFAULT 0, error BLOB, audio_s REAL, finished TEXT,"
    " UNIQUE (input, output))",
    "CREATE INDEX jobs_by_state ON jobs (state)",
    "CREATE TABLE results (job INTEGER NOT NULL REFERENCES jobs, kind INTEGER NOT NULL,"
    " path BLOB NOT NULL, content BLOB NOT NULL)",
    "CREATE INDEX results_by_job ON results (job)",
};

Result<int64_t> one_integer(Statement statement) {
  ASSIGN_OR_RETURN(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

// A log beside the file instead of a copy of what is overwritten: one flush a transaction at most,
// where it would be four. Where the file system has no shared memory it stays as it was.
Status keep_log(Database& database) {
  Status status;
  for (int i = 0; i < kLogTries; ++i) {
    status = database.prepare("PRAGMA journal_mode = WAL").step().status();
    // The one thing that SQLite does not wait for: another process that does the same now.
    if (status.code() != StatusCode::kUnavailable) return status;
    std::this_thread::sleep_for(kLogPause);
  }
  return status;
}

bool all_exist(std::span<const std::string> files) {
  return std::ranges::all_of(files, [](const std::string& file) {
    std::error_code ignored;
    return std::filesystem::exists(file, ignored);
  });
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<Database> database, Database::open(path));
  std::filesystem::path locks = path;
  locks += "-owners";
  Database& opened = *database;
  const auto text = [&](const Status& status) { return status.with_context(path.string()); };
  // Looked at before anything is written: it may be somebody else's.
  ASSIGN_OR_RETURN(const int64_t application, one_integer(opened.prepare("PRAGMA application_id")));
  ASSIGN_OR_RETURN(const int64_t tables,
                   one_integer(opened.prepare("SELECT count(*) FROM sqlite_schema")));
  if (tables > 0 && application != kApplication) {
    return text(
        failed_precondition("expected a journal that --jobs wrote, or no file, found a SQLite file "
                            "of another program"));
  }
  RETURN_IF_ERROR(keep_log(opened));
  RETURN_IF_ERROR(opened.run("PRAGMA synchronous = NORMAL"));
  ASSIGN_OR_RETURN(Owners owners, Owners::open(locks));
  std::unique_ptr<Journal> journal(new Journal(std::move(database), std::move(owners)));
  RETURN_IF_ERROR(opened.transaction([&] { return journal->make_tables(); }));
  ASSIGN_OR_RETURN(const int64_t version, one_integer(opened.prepare("PRAGMA user_version")));
  if (version != kVersion) {
    return text(failed_precondition(
        "expected a journal of version {}, found version {}; finish it with the program that began "
        "it, or take another file",
        kVersion, version));
  }
  const Status numbered = opened.transaction([&]() -> Status {
    RETURN_IF_ERROR(opened.run("INSERT INTO owners DEFAULT VALUES"));
    journal->owner_ = opened.last_id();
    return journal->owners_.claim(journal->owner_);
  });
  RETURN_IF_ERROR(numbered);
  RETURN_IF_ERROR(opened.run(
      "CREATE TEMP TABLE wanted (job INTEGER PRIMARY KEY, position INTEGER NOT NULL UNIQUE)"));
  return journal;
}

Status Journal::make_tables() {
  ASSIGN_OR_RETURN(const int64_t version, one_integer(database_->prepare("PRAGMA user_version")));
  if (version != 0) return Status();
  for (const char* table : kTables) RETURN_IF_ERROR(database_->run(table));
  RETURN_IF_ERROR(database_->run(fmt::format("PRAGMA application_id = {}", kApplication)));
  return database_->run(fmt::format("PRAGMA user_version = {}", kVersion));
}

Result<int64_t> Journal::settings_id(const std::string& settings) {
  RETURN_IF_ERROR(database_->prepare("INSERT OR IGNORE INTO settings (json) VALUES (?)")
                      .bind_text(settings)
                      .run());
  return one_integer(
      std::move(database_->prepare("SELECT id FROM settings WHERE json = ?").bind_text(settings)));
}

// Names of the settings that are not what they were.
Result<std::string> Journal::differing(int64_t old_settings, const std::string& settings) {
  Statement query = database_->prepare("SELECT json FROM settings WHERE id = ?");
  ASSIGN_OR_RETURN(const bool row, query.bind(old_settings).step());
  const auto before = parse_json(row ? query.bytes(0) : "{}");
  const auto now = parse_json(settings);
  std::string names;
  if (!before.ok() || !now.ok() || !before->is_object() || !now->is_object()) return names;
  const auto note = [&](const std::string& name) {
    names += (names.empty() ? "" : ", ") + printable(name);
  };
  for (const auto& [name, value] : now->items()) {
    if (!before->contains(name) || (*before)[name] != value) note(name);
  }
  for (const auto& [name, value] : before->items()) {
    if (!now->contains(name)) note(name);
  }
  return names;
}

Status Journal::add_one(const JobRequest& request, int64_t position, bool retry_failed,
                        JobPlan& plan) {
  ASSIGN_OR_RETURN(const int64_t settings, settings_id(request.settings));
  Statement query = database_->prepare(
      "SELECT id, size, time_ns, settings, state FROM jobs WHERE input = ? AND output = ?");
  ASSIGN_OR_RETURN(const bool known, query.bind(request.input).bind(request.output).step());
  int64_t id = known ? query.integer(0) : 0;
  const bool same_input =
      known && query.integer(1) == request.size && query.integer(2) == request.time_ns;
  const bool same_settings = known && query.integer(3) == settings;
  const std::string state = known ? query.bytes(4) : "";
  if (known && !(same_input && same_settings)) {
    if (!same_input) ++plan.new_inputs;
    if (same_input) {
      ++plan.new_settings;
      ASSIGN_OR_RETURN(plan.other_settings, differing(query.integer(3), request.settings));
    }
    RETURN_IF_ERROR(database_->prepare("DELETE FROM results WHERE job = ?").bind(id).run());
    RETURN_IF_ERROR(database_->prepare("DELETE FROM jobs WHERE id = ?").bind(id).run());
  } else if (state == "done" && !all_exist(request.files)) {
    ++plan.lost_results;
    RETURN_IF_ERROR(reset(id));
  } else if (state == "done") {
    ++plan.done;
  } else if (state == "failed" && retry_failed) {
    RETURN_IF_ERROR(reset(id));
  } else if (state == "failed") {
    ++plan.failed;
  }
  if (!same_input || !same_settings) {
    RETURN_IF_ERROR(database_
                        ->prepare("INSERT INTO jobs (input, output, size, time_ns, settings)"
                                  " VALUES (?, ?, ?, ?, ?)")
                        .bind(request.input)
                        .bind(request.output)
                        .bind(request.size)
                        .bind(request.time_ns)
                        .bind(settings)
                        .run());
    id = database_->last_id();
  }
  return database_->prepare("INSERT OR REPLACE INTO wanted (job, position) VALUES (?, ?)")
      .bind(id)
      .bind(position)
      .run();
}

Status Journal::reset(int64_t id) {
  return database_
      ->prepare(
          "UPDATE jobs SET state = 'pending', owner = NULL, attempts = 0, error = NULL"
          " WHERE id = ?")
      .bind(id)
      .run();
}

Result<JobPlan> Journal::add(std::span<const JobRequest> requests, bool retry_failed) {
  JobPlan plan;
  const Status added = database_->transaction([&]() -> Status {
    for (size_t i = 0; i < requests.size(); ++i) {
      RETURN_IF_ERROR(add_one(requests[i], static_cast<int64_t>(i), retry_failed, plan));
    }
    return Status();
  });
  RETURN_IF_ERROR(added);
  return plan;
}

Status Journal::free_jobs_of_the_dead() {
  std::vector<int64_t> dead;
  Statement query = database_->prepare(
      "SELECT DISTINCT owner FROM jobs WHERE state IN ('running', 'rendered') AND owner IS NOT NULL"
      " AND owner != ?");
  query.bind(owner_);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, query.step());
    if (!row) break;
    ASSIGN_OR_RETURN(const bool alive, owners_.is_alive(query.integer(0)));
    if (!alive) dead.push_back(query.integer(0));
  }
  for (const int64_t owner : dead) {
    RETURN_IF_ERROR(database_
                        ->prepare("UPDATE jobs SET owner = NULL, state = iif(state = 'running',"
                                  " 'pending', state) WHERE owner = ?")
                        .bind(owner)
                        .run());
  }
  return Status();
}

Result<JobResult> Journal::result_of(int64_t id) {
  JobResult result;
  Statement query =
      database_->prepare("SELECT kind, path, content FROM results WHERE job = ? ORDER BY rowid");
  query.bind(id);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, query.step());
    if (!row) return result;
    if (query.integer(0) == 1) {
      result.manifest_line = query.bytes(2);
    } else {
      result.files.push_back({query.bytes(1), query.bytes(2)});
    }
  }
}

Status Journal::take(std::optional<JobClaim>& claimed) {
  RETURN_IF_ERROR(free_jobs_of_the_dead());
  Statement query = database_->prepare(
      "SELECT j.id, w.position, j.state, j.attempts FROM wanted w JOIN jobs j ON j.id = w.job"
      " WHERE j.owner IS NULL AND j.state IN ('pending', 'rendered')"
      " ORDER BY j.state = 'pending', j.attempts, w.position LIMIT 1");
  ASSIGN_OR_RETURN(const bool row, query.step());
  if (!row) return Status();
  claimed = JobClaim{.id = query.integer(0),
                     .request = static_cast<size_t>(query.integer(1)),
                     .was_tried = query.integer(3) > 0};
  if (query.bytes(2) == "rendered") {
    ASSIGN_OR_RETURN(claimed->rendered, result_of(claimed->id));
  }
  return database_
      ->prepare(
          "UPDATE jobs SET owner = ?, attempts = attempts + 1,"
          " state = iif(state = 'pending', 'running', state) WHERE id = ?")
      .bind(owner_)
      .bind(claimed->id)
      .run();
}

Result<std::optional<JobClaim>> Journal::claim() {
  std::optional<JobClaim> claimed;
  RETURN_IF_ERROR(database_->transaction([&] { return take(claimed); }));
  return claimed;
}

// Runs an UPDATE of one job of ours.
Status Journal::change(Statement statement) {
  RETURN_IF_ERROR(statement.run());
  if (database_->changes() == 1) return Status();
  return failed_precondition(
      "journal: expected the job to be this process' own, found that another command replaced it");
}

// Flushed to disk, with all that came before. The other steps need not be: what is lost of them
// with the power is done again, and costs no decoding.
Status Journal::set_rendered(int64_t id, const JobResult& result, double audio_s) {
  RETURN_IF_ERROR(database_->run("PRAGMA synchronous = FULL"));
  const Status kept = keep_result(id, result, audio_s);
  RETURN_IF_ERROR(database_->run("PRAGMA synchronous = NORMAL"));
  return kept;
}

Status Journal::keep_result(int64_t id, const JobResult& result, double audio_s) {
  return database_->transaction([&]() -> Status {
    RETURN_IF_ERROR(change(std::move(
        database_
            ->prepare("UPDATE jobs SET state = 'rendered', audio_s = ? WHERE id = ? AND owner = ?"
                      " AND state = 'running'")
            .bind(audio_s)
            .bind(id)
            .bind(owner_))));
    const auto keep = [&](int64_t kind, std::string_view path, std::string_view content) {
      return database_
          ->prepare("INSERT INTO results (job, kind, path, content) VALUES (?, ?, ?, ?)")
          .bind(id)
          .bind(kind)
          .bind(path)
          .bind(content)
          .run();
    };
    for (const ResultFile& file : result.files) {
      RETURN_IF_ERROR(keep(0, file.path, file.content));
    }
    return result.manifest_line.empty() ? Status() : keep(1, "", result.manifest_line);
  });
}

Status Journal::set_done(int64_t id) {
  return database_->transaction([&]() -> Status {
    RETURN_IF_ERROR(
        change(std::move(database_
                             ->prepare("UPDATE jobs SET state = 'done', owner = NULL, error = NULL,"
                                       " finished = datetime('now') WHERE id = ? AND owner = ?")
                             .bind(id)
                             .bind(owner_))));
    return database_->prepare("DELETE FROM results WHERE job = ?").bind(id).run();
  });
}

Status Journal::set_failed(int64_t id, std::string_view error) {
  return database_->transaction([&]() -> Status {
    RETURN_IF_ERROR(
        change(std::move(database_
                             ->prepare("UPDATE jobs SET state = 'failed', owner = NULL, error = ?,"
                                       " finished = datetime('now') WHERE id = ? AND owner = ?")
                             .bind(error)
                             .bind(id)
                             .bind(owner_))));
    return database_->prepare("DELETE FROM results WHERE job = ?").bind(id).run();
  });
}

Status Journal::release(int64_t id) {
  return change(std::move(database_
                              ->prepare("UPDATE jobs SET owner = NULL, attempts = max(attempts - 1,"
                                        " 0), state = iif(state = 'running', 'pending', state)"
                                        " WHERE id = ? AND owner = ?")
                              .bind(id)
                              .bind(owner_)));
}

Result<JobCounts> Journal::counts() {
  JobCounts counts;
  Statement query = database_->prepare(
      "SELECT state, count(*), sum(max(size, 0)) FROM jobs WHERE id IN (SELECT job FROM wanted)"
      " GROUP BY state");
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, query.step());
    if (!row) return counts;
    const std::string state = query.bytes(0);
    const auto number = static_cast<size_t>(query.integer(1));
    if (state == "done") {
      counts.done = number;
    } else if (state == "failed") {
      counts.failed = number;
    } else {
      (state == "pending" ? counts.pending : counts.running) += number;
      counts.bytes_left += query.integer(2);
    }
  }
}

Result<std::vector<JobFailure>> Journal::failures() {
  std::vector<JobFailure> failed;
  Statement query = database_->prepare(
      "SELECT input, error FROM wanted w JOIN jobs j ON j.id = w.job WHERE state = 'failed'"
      " ORDER BY w.position");
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, query.step());
    if (!row) return failed;
    failed.push_back({query.bytes(0), query.bytes(1)});
  }
}

}  // namespace escuta::jobs
