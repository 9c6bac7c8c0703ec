// One file of a job: where it is, and what its results are called.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace escuta::jobs {

struct Input {
  std::filesystem::path path;
  // Its place in the tree of results: relative, with its name, such as "day 1/talk.mp3".
  std::filesystem::path place = {};
  std::string language = {};  // empty: the command's
  // What its results are called, relative and without extension; empty: like `place`.
  std::string output = {};
  Json manifest_line = {};  // null where it came from no manifest
};

// A file that was named alone: its results have its name and no folder.
Input named_input(const std::filesystem::path& path);
// One of a list: its folders are kept. What a path begins with to leave the current folder ("/",
// "../") is left out, so that nothing is written outside of the folder of results.
Input listed_input(const std::filesystem::path& path);

// What the result files of each input are called, relative and without extension: the input's own
// name without its extension, or with it where two inputs of one folder would share a name
// (jfk.wav and jfk.mp3). InvalidArgument when even that leaves two the same.
Result<std::vector<std::string>> output_names(std::span<const Input> inputs);

}  // namespace escuta::jobs
