// Input values for `escuta run`: from .npy files, or made up.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/provider.h"

namespace escuta::cli {

// What was typed for one input: NAME=FILE.npy, or NAME=random, zeros or ones with an optional
// shape: NAME=random:2x80x3000.
struct InputSpec {
  enum class Kind { kFile, kRandom, kZeros, kOnes };
  std::string name;
  Kind kind = Kind::kFile;
  std::filesystem::path file;
  std::optional<std::vector<int64_t>> shape;
};
Result<InputSpec> parse_input(std::string_view text);

// NAME=SIZE, for symbolic dimensions.
using DimSizes = std::map<std::string, int64_t>;
Result<DimSizes> parse_dims(std::span<const std::string> texts);

// A value per input of the graph, in its order; optional ones that have no spec stay empty.
// InvalidArgument: no input of that name, an input without a spec (the message lists them all with
// type and shape), or a dimension that nothing gives. Random numbers come from `seed`: floats from
// -1 up to 1, integers from 0 to 9, which are indices that most graphs can take.
Result<std::vector<engine::Value>> make_inputs(std::span<const engine::IoInfo> inputs,
                                               std::span<const InputSpec> specs,
                                               const DimSizes& dims, uint64_t seed);

}  // namespace escuta::cli
