#include "cli/command.h"

#include <cstdio>

#include "base/log.h"
#include "cli/outputs.h"
#include "registry/registry.h"

namespace escuta::cli {

void Context::on_command(CLI::App* command, std::function<int()> run) {
  command
      ->add_option("--provider", providers_,
                   "auto, or names with commas, walked in order; one name is strict")
      ->type_name("LIST")
      ->capture_default_str()
      ->group("Common");
  command->add_option("--threads", threads_, "Threads of one operator; 0: the cores there are")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->group("Common");
  command
      ->add_option("--ort-plugin", ort_plugins_,
                   "Execution-provider library for ONNX Runtime, as provider ort:NAME")
      ->type_name("NAME=PATH")
      ->expected(1)
      ->take_all()
      ->group("Common");
  command
      ->add_option("--passes-off", passes_off_,
                   "Graph passes of provider cpu to leave out (escuta inspect --passes), or all")
      ->type_name("NAME,...")
      ->delimiter(',')
      ->expected(1)
      ->take_all()
      ->group("Common");
  command
      ->add_option("--precision", precision_,
                   "Products by weights of provider cpu: model (the types the model has), or int8")
      ->check(CLI::IsMember({"model", "int8"}))
      ->capture_default_str()
      ->group("Common");
  command->add_option("--log-level", log_level_, "debug, info, warning, error or off, on stderr")
      ->capture_default_str()
      ->group("Common");
  command->callback([this, run = std::move(run)] {
    run_ = [this, run] {
      const Result<LogLevel> level = parse_log_level(log_level_);
      if (!level.ok()) return fail(kUsage, level.status());
      set_log_level(*level);  // before providers are made, which take it over
      return run();
    };
  });
}

Status Context::make_registry_once() {
  if (registry_.has_value()) return Status();
  registry_.emplace();
  return add_all_providers(*registry_, {ort_plugins_});
}

const engine::Registry& Context::registry() {
  if (const Status status = make_registry_once(); !status.ok()) print_error(status);
  return *registry_;
}

Result<engine::SessionOptions> Context::session_options() {
  engine::SessionOptions options;
  ASSIGN_OR_RETURN(options.providers, engine::parse_provider_list(providers_));
  RETURN_IF_ERROR(make_registry_once());
  options.compile.threads = threads_;
  options.compile.passes_off = passes_off_;
  if (precision_ == "int8") options.compile.precision = engine::Precision::kInt8;
  return options;
}

int Context::run() const { return run_ ? run_() : static_cast<int>(kUsage); }

void print_error(const Status& status) {
  if (status.message() == kReaderGone) return;
  std::string line = "escuta: ";
  for (const char c : status.message()) line += c == '\n' || c == '\r' ? ' ' : c;
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int fail(ExitCode code, const Status& status) {
  print_error(status);
  return code;
}

}  // namespace escuta::cli
