// JSON from outside: parsed without exceptions, read with errors that name the key.
//
// Json is nlohmann::ordered_json, so that what we write keeps its order. The getters never throw.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace escuta {

using Json = nlohmann::ordered_json;

// InvalidArgument with the line when `text` is not JSON, nests deeper than 256 levels, or has an
// object of more than 2,000 keys: they are searched one by one, and larger ones would take minutes.
Result<Json> parse_json(std::string_view text);
Result<Json> read_json(const std::filesystem::path& path, size_t max_bytes = size_t{8} << 20);

// The member `key` of `object`; NotFound if absent or null, InvalidArgument if of another type
// (an integer must be a number without a fraction that fits).
Result<int64_t> json_int(const Json& object, std::string_view key);
Result<std::string> json_string(const Json& object, std::string_view key);
Result<std::vector<int64_t>> json_ints(const Json& object, std::string_view key);

// The same, with a default for "absent or null"; a wrong type is still an error.
Result<int64_t> json_int_or(const Json& object, std::string_view key, int64_t fallback);
Result<std::vector<int64_t>> json_ints_or_empty(const Json& object, std::string_view key);

// Serialised with invalid UTF-8 replaced, never thrown on. indent < 0: one line.
std::string json_dump(const Json& json, int indent = -1);

}  // namespace escuta
