#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "cli/command.h"
#include "cli/import_command.h"
#include "cli/inspect_command.h"
#include "cli/operators_command.h"
#include "cli/outputs.h"
#include "cli/providers_command.h"
#include "cli/run_command.h"
#include "cli/transcribe_command.h"
#include "kernels/table.h"

namespace escuta::cli {
namespace {

int parse_error(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {  // --help, --version
    const auto chosen = app.get_subcommands();
    const std::string text = dynamic_cast<const CLI::CallForVersion*>(&error) != nullptr
                                 ? error.what() + std::string("\n")
                                 : (chosen.empty() ? app.help() : chosen.front()->help("escuta"));
    const Status status = write_stdout(text);
    return status.ok() ? kDone : fail(kSomeFailed, status);
  }
  std::string command = "escuta";
  for (const CLI::App* chosen : app.get_subcommands()) command += " " + chosen->get_name();
  return fail(kUsage, invalid_argument("{}; see `{} --help`", error.what(), command));
}

// CLI11 would only say that a command is missing.
Status check_command(const CLI::App& app, int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "-";
  if (first.starts_with('-')) return Status();
  std::string known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == first) return Status();
    known += (known.empty() ? "" : ", ") + command->get_name();
  }
  return invalid_argument("expected one of the commands {}, found `{}`; see `escuta --help`", known,
                          first);
}

int run_program(int argc, char** argv) {
  // A reader that goes away (`escuta ... | head`) is an error of write, not the end by a signal;
  // so is a file that may not grow (RLIMIT_FSIZE).
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  claim_stdout();
  CLI::App app("escuta: runs audio models in ONNX form; speech to text", "escuta");
  app.set_version_flag("--version", "escuta " ESCUTA_VERSION);
  app.require_subcommand(1);
  Context context;
  add_transcribe_command(app, context);
  add_import_command(app, context);
  add_inspect_command(app, context);
  add_run_command(app, context);
  add_providers_command(app, context);
  add_operators_command(app, context);
  if (const Status status = check_command(app, argc, argv); !status.ok()) {
    return fail(kUsage, status);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return parse_error(app, error);
  }
  if (const Status status = kernels::check_forced_isa(); !status.ok()) return fail(kUsage, status);
  return context.run();
}

}  // namespace
}  // namespace escuta::cli

int main(int argc, char** argv) {
  try {
    return escuta::cli::run_program(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("escuta: out of memory\n", stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "escuta: internal error: %s\n", error.what());
  }
  return escuta::cli::kUnusable;
}
