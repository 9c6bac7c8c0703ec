#include "cli/input_options.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <system_error>

#include "audio/source.h"
#include "base/printable.h"
#include "jobs/folder.h"
#include "jobs/glob.h"
#include "jobs/list_file.h"
#include "jobs/manifest.h"

namespace escuta::cli {

namespace fs = std::filesystem;

namespace {

constexpr size_t kShown = 200;  // characters of a path in a message

bool has_sound(const fs::path& path) { return audio::AudioSource::open(path, {}).ok(); }

// Grows a list by what folders and patterns hold; what two of them hold is taken once.
class Collector {
 public:
  explicit Collector(bool recursive) : recursive_(recursive) {}

  Status add(const std::string& input) {
    std::error_code ignored;
    if (recursive_ && fs::is_directory(input, ignored)) return add_folder(input), Status();
    if (!jobs::is_pattern(input) || fs::exists(input, ignored)) {
      all_.inputs.push_back(jobs::named_input(input));
      return Status();
    }
    const std::vector<fs::path> found = jobs::expand_pattern(input);
    if (found.empty()) {
      return invalid_argument(
          "{}: expected files that match, found none; ** stands for any number of folders",
          printable(input, kShown));
    }
    const fs::path fixed = jobs::fixed_part(input);
    for (const fs::path& path : found) {
      take({.path = path, .place = fixed.empty() ? path : path.lexically_relative(fixed)});
    }
    return Status();
  }

  Inputs result() { return std::move(all_); }

 private:
  void add_folder(const fs::path& folder) {
    jobs::FolderInputs found = jobs::walk_folder(folder, has_sound);
    for (jobs::Input& input : found.inputs) take(std::move(input));
    std::ranges::move(found.problems, std::back_inserter(all_.problems));
  }

  void take(jobs::Input input) {
    if (seen_.insert(input.path.lexically_normal()).second) all_.inputs.push_back(std::move(input));
  }

  bool recursive_;
  std::set<fs::path> seen_;
  Inputs all_;
};

Result<std::vector<jobs::Input>> read_list(const std::string& file) {
  ASSIGN_OR_RETURN(const std::string text, jobs::read_stream(file, jobs::kMostListBytes));
  const auto paths = jobs::parse_list(text);
  if (!paths.ok()) return paths.status().with_context("--files-from " + file);
  std::vector<jobs::Input> inputs;
  for (const std::string& path : *paths) inputs.push_back(jobs::listed_input(path));
  return inputs;
}

Result<std::vector<jobs::Input>> read_manifest(const std::string& file) {
  ASSIGN_OR_RETURN(const std::string text, jobs::read_stream(file, jobs::kMostListBytes));
  auto inputs = jobs::parse_manifest(text, file == "-" ? fs::path() : fs::path(file).parent_path());
  if (!inputs.ok()) return inputs.status().with_context("--manifest " + file);
  return inputs;
}

}  // namespace

void add_input_options(CLI::App& command, InputOptions& o) {
  command
      .add_option("audio", o.inputs,
                  "Audio or video files, any container and codec; patterns such as '**/*.mp3'; "
                  "folders with --recursive")
      ->type_name("AUDIO...");
  const std::string group = "Many files";
  command
      .add_flag("-r,--recursive", o.recursive,
                "Take every audio and video file in folders and in the folders below")
      ->group(group);
  command
      .add_option("--files-from", o.files_from,
                  "Paths, one a line or each ended by a NUL; `-`: standard input")
      ->type_name("LIST")
      ->group(group);
  command
      .add_option("--manifest", o.manifest,
                  R"(Lines {"audio": PATH, "language": CODE, "output": NAME}; `-`: standard input)")
      ->type_name("FILE.jsonl")
      ->group(group);
}

Result<Inputs> collect_inputs(const InputOptions& options) {
  if (options.inputs.empty() && options.files_from.empty() && options.manifest.empty()) {
    return invalid_argument(
        "audio: expected files, --files-from or --manifest, found none; see `escuta transcribe "
        "--help`");
  }
  if (options.files_from == "-" && options.manifest == "-") {
    return invalid_argument(
        "--files-from, --manifest: expected one of them at most to be standard input");
  }
  Collector collector(options.recursive);
  for (const std::string& input : options.inputs) RETURN_IF_ERROR(collector.add(input));
  Inputs all = collector.result();
  if (!options.files_from.empty()) {
    ASSIGN_OR_RETURN(std::vector<jobs::Input> listed, read_list(options.files_from));
    std::ranges::move(listed, std::back_inserter(all.inputs));
  }
  if (!options.manifest.empty()) {
    ASSIGN_OR_RETURN(std::vector<jobs::Input> listed, read_manifest(options.manifest));
    std::ranges::move(listed, std::back_inserter(all.inputs));
  }
  if (all.inputs.empty() && all.problems.empty()) {
    return invalid_argument("expected at least one audio file, found none");
  }
  return all;
}

}  // namespace escuta::cli
