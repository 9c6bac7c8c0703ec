#include "jobs/sqlite.h"

#include <sqlite3.h>

namespace escuta::jobs {
namespace {

constexpr int kWaitMs = 60'000;

Status sqlite_status(int code, const std::string& path, const char* message) {
  const std::string text = fmt::format("journal {}: {}", path, message);
  switch (code & 0xFF) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return data_loss("{}; expected a journal that --jobs wrote, or no file", text);
    case SQLITE_CANTOPEN:
      return not_found("{}; expected a folder that can be written", text);
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return permission_denied("{}", text);
    case SQLITE_FULL:
      return resource_exhausted("{}", text);
    default:
      return unavailable("{}", text);
  }
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Statement::Statement(Database& database, sqlite3_stmt* statement, Status failed)
    : database_(&database), statement_(statement), failed_(std::move(failed)) {}

Statement& Statement::bind(int64_t value) {
  sqlite3_bind_int64(statement_.get(), ++bound_, value);
  return *this;
}

Statement& Statement::bind(double value) {
  sqlite3_bind_double(statement_.get(), ++bound_, value);
  return *this;
}

Statement& Statement::bind(std::string_view bytes) {
  // A null pointer would be NULL, not an empty blob.
  const char* data = bytes.empty() ? "" : bytes.data();
  if (sqlite3_bind_blob64(statement_.get(), ++bound_, data, bytes.size(), SQLITE_TRANSIENT) !=
          SQLITE_OK &&
      failed_.ok()) {
    failed_ = database_->failure();
  }
  return *this;
}

Statement& Statement::bind_text(std::string_view text) {
  if (sqlite3_bind_text64(statement_.get(), ++bound_, text.data(), text.size(), SQLITE_TRANSIENT,
                          SQLITE_UTF8) != SQLITE_OK &&
      failed_.ok()) {
    failed_ = database_->failure();
  }
  return *this;
}

Statement& Statement::bind_null() {
  sqlite3_bind_null(statement_.get(), ++bound_);
  return *this;
}

Result<bool> Statement::step() {
  if (!failed_.ok()) return failed_;
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->failure();
}

Status Statement::run() {
  ASSIGN_OR_RETURN(const bool row, step());
  if (row) return failed_precondition("expected no row, found one");
  return Status();
}

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }

std::string Statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data == nullptr ? std::string() : std::string(data, static_cast<size_t>(size));
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& path) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Database> database(new Database(path, handle));
  if (code != SQLITE_OK) {
    return sqlite_status(code, path.string(),
                         handle == nullptr ? "no memory" : sqlite3_errmsg(handle));
  }
  sqlite3_busy_timeout(handle, kWaitMs);
  // A file from elsewhere must not run code of its own.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Status Database::failure() const {
  return sqlite_status(sqlite3_errcode(handle_.get()), path_.string(),
                       sqlite3_errmsg(handle_.get()));
}

Statement Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      &statement, nullptr);
  return Statement(*this, statement, code == SQLITE_OK ? Status() : failure());
}

int64_t Database::last_id() const { return sqlite3_last_insert_rowid(handle_.get()); }

int64_t Database::changes() const { return sqlite3_changes64(handle_.get()); }

}  // namespace escuta::jobs
