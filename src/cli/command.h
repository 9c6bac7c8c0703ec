// What the program's commands share: the common options, the providers, exit codes, errors.
//
// A command registers its options in add_<name>_command(app, context) and says with
// context.on_command() what to run; main() parses and runs it. One thread.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/session.h"

namespace escuta::cli {

// As interface.md of the project has them: done; some inputs failed, the others are done; wrong
// usage; model or provider unusable.
enum ExitCode { kDone = 0, kSomeFailed = 1, kUsage = 2, kUnusable = 3 };

class Context {
 public:
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Adds the common options to `command` and says what it does; `run` returns an exit code.
  void on_command(CLI::App* command, std::function<int()> run);

  // The providers, made at the first call. session_options() comes before and reports --ort-plugin
  // values that are malformed.
  const engine::Registry& registry();

  // From --provider, --threads and --passes-off; InvalidArgument when they, or --ort-plugin, are
  // malformed.
  Result<engine::SessionOptions> session_options();

  // The exit code of the command that was parsed.
  int run() const;

 private:
  Status make_registry_once();

  std::string providers_ = "auto";
  int threads_ = 0;
  std::string log_level_ = "warning";
  std::vector<std::string> ort_plugins_, passes_off_;
  std::string precision_ = "model";
  std::optional<engine::Registry> registry_;
  std::function<int()> run_;
};

// "escuta: message" on stderr, on one line.
void print_error(const Status& status);

// print_error, and the code to return.
int fail(ExitCode code, const Status& status);

}  // namespace escuta::cli
