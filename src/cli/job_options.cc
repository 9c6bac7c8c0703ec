#include "cli/job_options.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

namespace escuta::cli {

namespace fs = std::filesystem;

namespace {

// Options that change no result, or that a job has of its own. Whatever else is typed makes a new
// job: an option that is forgotten here costs time, not truth.
constexpr std::array<std::string_view, 15> kNoSettings = {
    "audio",    "model",     "output-dir",   "recursive",    "files-from",
    "manifest", "jobs",      "retry-failed", "manifest-out", "progress",
    "threads",  "log-level", "passes-off",   "ort-plugin",   "help"};

std::string name_of(const CLI::Option& option) {
  return option.get_lnames().empty() ? option.get_name() : option.get_lnames().front();
}

int64_t time_ns(const struct stat& info) {
  return int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
}

// "name size time" of each file in the folder, sorted.
Json files_of(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    struct stat info {};
    if (::stat(at->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    files.push_back(
        fmt::format("{} {} {}", at->path().filename().string(), info.st_size, time_ns(info)));
  }
  std::ranges::sort(files);
  return files;
}

// The same of a file that a value names, with or without @ before it; else empty.
std::string named_file(std::string_view value) {
  if (value.starts_with('@')) value.remove_prefix(1);
  struct stat info {};
  if (::stat(std::string(value).c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return "";
  return fmt::format("{} {} {}", value, info.st_size, time_ns(info));
}

}  // namespace

void add_job_options(CLI::App& command, JobOptions& o) {
  const std::string group = "Many files";
  command
      .add_option("--jobs", o.journal,
                  "Keep what is done and what failed in this file: the same command goes on where "
                  "it ended, several at once share the work; needs -o")
      ->type_name("JOURNAL")
      ->group(group);
  command.add_flag("--retry-failed", o.retry_failed, "Try what failed in the journal once more")
      ->group(group);
  command
      .add_option("--manifest-out", o.manifest_out, "Append a JSON line for each file that is done")
      ->type_name("FILE.jsonl")
      ->group(group);
}

Json settings_of(const CLI::App& command, const fs::path& model) {
  Json settings = {{"model", files_of(model)}};
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = name_of(*option);
    if (option->count() == 0 || std::ranges::find(kNoSettings, name) != kNoSettings.end()) continue;
    settings[name] = option->results();
    for (const std::string& value : option->results()) {
      if (const std::string file = named_file(value); !file.empty()) settings[name].push_back(file);
    }
  }
  // Any number over 1 gives the same text.
  if (settings.contains("batch-size") && settings["batch-size"] != Json{"1"}) {
    settings["batch-size"] = "several";
  }
  return settings;
}

jobs::JobRequest request_of(const jobs::Input& input, const fs::path& base,
                            std::vector<std::string> files, const Json& settings) {
  jobs::JobRequest request;
  request.input = fs::absolute(input.path).lexically_normal().string();
  request.output = fs::absolute(base).lexically_normal().string();
  struct stat info {};
  if (::stat(input.path.c_str(), &info) == 0) {
    request.size = info.st_size;
    request.time_ns = time_ns(info);
  }
  Json own = settings;
  if (!input.language.empty()) own["language"] = Json::array({input.language});
  request.settings = json_dump(own);
  request.files = std::move(files);
  return request;
}

std::vector<std::string> plan_lines(const jobs::JobPlan& plan) {
  std::vector<std::string> lines;
  const auto add = [&](size_t count, std::string_view what) {
    if (count > 0) lines.push_back(fmt::format("{} {}", count, what));
  };
  add(plan.done, "done before");
  add(plan.failed, "failed before; --retry-failed tries them again");
  add(plan.new_inputs, "done again: the input is not what it was");
  add(plan.new_settings, "done again with other settings: " + plan.other_settings);
  add(plan.lost_results, "done again: a result file is gone");
  return lines;
}

}  // namespace escuta::cli
