// SQLite, as far as the journal needs it: errors as Status, statements that end with their scope.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace escuta::jobs {

class Database;

// One run of one statement. Values are bound in order, from the first `?` on. The Database outlives
// it. One thread.
class Statement {
 public:
  Statement& bind(int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view bytes);  // as a blob: any bytes, compared byte by byte
  Statement& bind_text(std::string_view text);
  Statement& bind_null();

  // Whether there is a row (or one more).
  Result<bool> step();
  // Runs it to its end; FailedPrecondition where it gives a row.
  Status run();

  // Of the row, from 0.
  int64_t integer(int column) const;
  double real(int column) const;
  std::string bytes(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  Statement(Database& database, sqlite3_stmt* statement, Status failed);
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  Status failed_;  // of preparing or binding
  int bound_ = 0;
};

// One thread. Waits up to a minute for other processes.
class Database {
 public:
  // Makes the file where it is missing.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& path);

  Statement prepare(std::string_view sql);
  Status run(std::string_view sql) { return prepare(sql).run(); }
  int64_t last_id() const;
  int64_t changes() const;  // rows that the last statement changed

  // Runs `work` alone among all processes; what it wrote stays only if it returns OK.
  template <typename Work>
  Status transaction(Work&& work) {
    RETURN_IF_ERROR(run("BEGIN IMMEDIATE"));
    Status status = work();
    if (status.ok()) status = run("COMMIT");
    if (!status.ok())
      static_cast<void>(run("ROLLBACK").ok());  // the first error is the one to tell
    return status;
  }

 private:
  friend class Statement;
  Database(std::filesystem::path path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
  Status failure() const;
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::filesystem::path path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace escuta::jobs
