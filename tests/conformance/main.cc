// Runs ONNX's backend tests: README.md.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "base/cpu.h"
#include "case_list.h"
#include "isolated.h"
#include "registry/registry.h"
#include "run_case.h"

namespace escuta::conformance {
namespace {

namespace fs = std::filesystem;

enum ExitStatus { kAllPass = 0, kSomeFail = 1, kUnusable = 2, kSkipped = 77 };

struct Arguments {
  std::vector<fs::path> folders;
  std::string provider = "cpu";
  std::string filter;
  fs::path list;
  fs::path known;
  bool update = false;
  bool quiet = false;
  IsolationLimits limits;
  RunOptions run;
};

// What became of one case.
struct Verdict {
  std::string name;
  const char* word = "PASS";  // FAIL, CRASH, TIMEOUT, KNOWN
  std::string reason;
  bool passes() const { return reason.empty(); }
};

// Results are one line each, and bounded: a reason may quote a model.
std::string one_line(std::string text) {
  constexpr size_t kLongest = 600;
  std::ranges::replace(text, '\n', ' ');
  if (text.size() > kLongest) text = text.substr(0, kLongest) + " ...";
  return text;
}

// The reason for a failure, or "".
std::string try_case(const engine::Registry& registry, const fs::path& folder,
                     const RunOptions& options) {
  try {
    const Status status = run_case(registry, folder, options);
    return status.ok() ? "" : std::string(status.message());
  } catch (const std::exception& error) {
    return fmt::format("an exception that nobody caught: {}", error.what());
  }
}

std::vector<Verdict> run_cases(const std::vector<fs::path>& cases, const Arguments& arguments) {
  engine::Registry registry;
  Status registered;
  const auto start = [&] {
    if (arguments.run.outputs.empty()) registered = escuta::add_all_providers(registry, {});
  };
  const auto task = [&](size_t i) {
    return registered.ok() ? try_case(registry, cases[i], arguments.run) : registered.to_string();
  };
  const auto results = run_isolated(cases.size(), arguments.limits, start, task);
  std::vector<Verdict> verdicts(cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    verdicts[i].name = cases[i].filename().string();
    verdicts[i].reason = one_line(results[i].text);
    if (results[i].kind == TaskResult::Kind::kCrash) {
      verdicts[i].word = "CRASH";
    } else if (results[i].kind == TaskResult::Kind::kTimeout) {
      verdicts[i].word = "TIMEOUT";
    } else if (!verdicts[i].passes()) {
      verdicts[i].word = "FAIL";
    }
  }
  return verdicts;
}

// The cases to run: those of the folders, or those of them that the list names.
Result<std::vector<fs::path>> choose(const Arguments& arguments,
                                     const std::set<std::string>& listed) {
  std::vector<fs::path> chosen;
  std::set<std::string> missing = listed;
  for (const fs::path& folder : arguments.folders) {
    ASSIGN_OR_RETURN(const std::vector<fs::path> cases, find_cases(folder));
    for (const fs::path& path : cases) {
      const std::string name = path.filename().string();
      missing.erase(name);
      if (name.find(arguments.filter) == std::string::npos) continue;
      if (arguments.list.empty() || arguments.update || listed.contains(name)) {
        chosen.push_back(path);
      }
    }
  }
  if (!missing.empty()) {
    return not_found("{} names `{}`, which is no case of the folders given",
                     arguments.list.string(), *missing.begin());
  }
  return chosen;
}

int report(const std::vector<Verdict>& verdicts, bool quiet) {
  size_t passed = 0, failed = 0;
  for (const Verdict& verdict : verdicts) {
    passed += verdict.passes();
    failed += !verdict.passes() && std::string_view(verdict.word) != "KNOWN";
    if (quiet && verdict.passes()) continue;
    std::printf("%s %s%s%s\n", verdict.word, verdict.name.c_str(), verdict.passes() ? "" : ": ",
                verdict.reason.c_str());
  }
  const size_t known = verdicts.size() - passed - failed;
  std::printf("%zu of %zu pass%s\n", passed, verdicts.size(),
              known == 0 ? "" : fmt::format("; {} cannot, and are known", known).c_str());
  return failed == 0 ? kAllPass : kSomeFail;
}

Result<int> run(const Arguments& arguments) {
  std::set<std::string> listed;
  if (!arguments.list.empty() && fs::exists(arguments.list)) {
    ASSIGN_OR_RETURN(listed, read_names(arguments.list));
  }
  std::map<std::string, std::string> known;
  if (!arguments.known.empty()) {
    ASSIGN_OR_RETURN(known, read_reasons(arguments.known));
  }
  ASSIGN_OR_RETURN(const std::vector<fs::path> cases, choose(arguments, listed));
  std::vector<Verdict> verdicts = run_cases(cases, arguments);
  for (Verdict& verdict : verdicts) {
    const auto reason = known.find(verdict.name);
    if (reason == known.end()) {
      if (arguments.update && verdict.passes()) listed.insert(verdict.name);
    } else if (!verdict.passes()) {
      verdict.word = "KNOWN";
      verdict.reason = reason->second;
    }
  }
  if (arguments.update) RETURN_IF_ERROR(write_names(arguments.list, listed));
  return report(verdicts, arguments.quiet);
}

int parse_and_run(int argc, char** argv) {
  CLI::App app("Runs ONNX's backend tests and prints a line for each case.", "conformance");
  Arguments arguments;
  app.add_option("FOLDER", arguments.folders, "A case, or a folder of cases")->required();
  app.add_option("--provider", arguments.provider, "Who runs them")->capture_default_str();
  app.add_option("--filter", arguments.filter, "Only cases with this in their names");
  auto* list = app.add_option("--list", arguments.list, "Run the cases that this file names");
  app.add_flag("--update", arguments.update, "Run all; add those that pass to the list")
      ->needs(list);
  app.add_option("--known", arguments.known, "Cases that cannot pass, each with its reason");
  app.add_option("--outputs", arguments.run.outputs,
                 "Run nothing: judge the outputs that another engine left in this folder");
  app.add_flag("--quiet", arguments.quiet, "Print failures only");
  arguments.limits.jobs = available_cores();
  app.add_option("--jobs", arguments.limits.jobs, "Cases at once")->check(CLI::PositiveNumber);
  arguments.run.session.compile.threads = 1;  // cases run side by side
  app.add_option("--threads", arguments.run.session.compile.threads, "Threads within an operator")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--time-limit", arguments.limits.seconds_per_task, "Seconds that a case may take")
      ->capture_default_str();
  app.add_option("--passes-off", arguments.run.session.compile.passes_off,
                 "Graph passes to leave out, or all")
      ->delimiter(',');
  app.add_option("--rtol", arguments.run.tolerance.rtol, "Relative tolerance")
      ->capture_default_str();
  app.add_option("--atol", arguments.run.tolerance.atol, "Absolute tolerance")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  for (const fs::path& folder : arguments.folders) {
    if (fs::exists(folder)) continue;
    std::printf("skipped: no %s; `./run test` brings the cases\n", folder.c_str());
    return kSkipped;
  }
  arguments.run.session.providers = {arguments.provider};
  const Result<int> result = run(arguments);
  if (result.ok()) return *result;
  std::fprintf(stderr, "conformance: %s\n", result.status().to_string().c_str());
  return kUnusable;
}

}  // namespace
}  // namespace escuta::conformance

int main(int argc, char** argv) {
  try {
    return escuta::conformance::parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conformance: %s\n", error.what());
    return escuta::conformance::kUnusable;
  }
}
