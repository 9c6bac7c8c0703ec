// Status and Result: how every function that can fail says so.
//
// Codes and their numbers are gRPC's, so that they cross RPC, a C ABI and threads unchanged. A
// message says what was expected, what was found and, where it helps, what to do next. Success
// costs one null pointer. Immutable after construction; safe to read from any thread.
#pragma once

#include <fmt/core.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace escuta {

enum class StatusCode : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// "INVALID_ARGUMENT", as gRPC spells it.
std::string_view status_code_name(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;  // OK
  Status(StatusCode code, std::string message);
  Status(const Status& other);
  Status& operator=(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;

  bool ok() const { return rep_ == nullptr; }
  StatusCode code() const { return rep_ ? rep_->code : StatusCode::kOk; }
  std::string_view message() const { return rep_ ? std::string_view(rep_->message) : ""; }

  // "context: message"; an OK status stays OK.
  Status with_context(std::string_view context) const;

  // "INVALID_ARGUMENT: message", or "OK".
  std::string to_string() const;

 private:
  struct Rep {
    StatusCode code;
    std::string message;
  };
  std::unique_ptr<const Rep> rep_;
};

// One maker per code: return invalid_argument("expected {}, found {}", a, b);
#define ESCUTA_STATUS_MAKER(function, enumerator)                                                \
  template <typename... Args>                                                                    \
  Status function(fmt::format_string<Args...> format, Args&&... args) {                          \
    return Status(StatusCode::enumerator, fmt::vformat(format, fmt::make_format_args(args...))); \
  }
ESCUTA_STATUS_MAKER(cancelled, kCancelled)
ESCUTA_STATUS_MAKER(invalid_argument, kInvalidArgument)
ESCUTA_STATUS_MAKER(deadline_exceeded, kDeadlineExceeded)
ESCUTA_STATUS_MAKER(not_found, kNotFound)
ESCUTA_STATUS_MAKER(already_exists, kAlreadyExists)
ESCUTA_STATUS_MAKER(permission_denied, kPermissionDenied)
ESCUTA_STATUS_MAKER(resource_exhausted, kResourceExhausted)
ESCUTA_STATUS_MAKER(failed_precondition, kFailedPrecondition)
ESCUTA_STATUS_MAKER(out_of_range, kOutOfRange)
ESCUTA_STATUS_MAKER(unimplemented, kUnimplemented)
ESCUTA_STATUS_MAKER(internal_error, kInternal)
ESCUTA_STATUS_MAKER(unavailable, kUnavailable)
ESCUTA_STATUS_MAKER(data_loss, kDataLoss)
#undef ESCUTA_STATUS_MAKER

// The status for a failed system call: errno -> code; "what: strerror(errno)".
Status errno_status(int error, std::string_view what);

// A T, or the Status that says why there is none. Never holds an OK status.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(Status status) : status_(std::move(status)) {  // NOLINT: implicit by design
    ESCUTA_CHECK(!status_.ok());
  }
  template <typename U = T>
  requires(std::is_constructible_v<T, U&&> && !std::is_same_v<std::remove_cvref_t<U>, Status> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result>) Result(U&& value)
      : value_(std::forward<U>(value)) {}  // NOLINT: implicit by design

  bool ok() const { return value_.has_value(); }
  const Status& status() const& { return status_; }
  Status status() && { return std::move(status_); }

  T& value() & { return check(), *value_; }
  const T& value() const& { return check(), *value_; }
  T&& value() && { return check(), std::move(*value_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void check() const { ESCUTA_CHECK(value_.has_value()); }
  Status status_;
  std::optional<T> value_;
};

#define ESCUTA_CONCAT_(a, b) a##b
#define ESCUTA_CONCAT(a, b) ESCUTA_CONCAT_(a, b)

#define RETURN_IF_ERROR(expr)                               \
  do {                                                      \
    if (::escuta::Status status_ = (expr); !status_.ok()) { \
      return status_;                                       \
    }                                                       \
  } while (false)

// ASSIGN_OR_RETURN(auto x, f()); declares or assigns x, or returns f's status.
#define ASSIGN_OR_RETURN(lhs, expr) ASSIGN_OR_RETURN_(ESCUTA_CONCAT(result_, __LINE__), lhs, expr)
#define ASSIGN_OR_RETURN_(result, lhs, expr)           \
  auto result = (expr);                                \
  if (!result.ok()) return std::move(result).status(); \
  lhs = std::move(result).value()

}  // namespace escuta
