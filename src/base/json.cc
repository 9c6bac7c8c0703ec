#include "base/json.h"

#include <algorithm>

#include "base/files.h"

namespace escuta {
namespace {

constexpr int kMaxDepth = 256;
constexpr size_t kMaxKeys = 2000;  // of one object

const Json* find(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(std::string(key));
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

Status missing(std::string_view key) { return not_found("expected a key `{}`, found none", key); }

Status wrong_type(std::string_view key, std::string_view expected, const Json& found) {
  return invalid_argument("`{}`: expected {}, found {} `{}`", key, expected, found.type_name(),
                          json_dump(found).substr(0, 40));
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  Status refused;
  std::vector<size_t> keys;  // of each object that is open
  const auto limit = [&](int depth, Json::parse_event_t event, Json&) {
    if (event == Json::parse_event_t::object_start) keys.push_back(0);
    if (event == Json::parse_event_t::object_end && !keys.empty()) keys.pop_back();
    if (depth > kMaxDepth) {
      refused = invalid_argument("JSON: expected at most {} nested levels", kMaxDepth);
    } else if (event == Json::parse_event_t::key && ++keys.back() > kMaxKeys) {
      refused = invalid_argument("JSON: expected at most {} keys in one object", kMaxKeys);
    }
    return refused.ok();
  };
  try {
    Json json = Json::parse(text, limit);
    if (!refused.ok()) return refused;
    return json;
  } catch (const nlohmann::json::parse_error& e) {
    const size_t at = std::min<size_t>(e.byte, text.size());
    const size_t line = 1 + static_cast<size_t>(std::count(text.begin(), text.begin() + at, '\n'));
    return invalid_argument("expected JSON, found something else at byte {} (line {})", e.byte,
                            line);
  } catch (const std::exception& e) {
    return invalid_argument("expected JSON: {}", e.what());
  }
}

Result<Json> read_json(const std::filesystem::path& path, size_t max_bytes) {
  ASSIGN_OR_RETURN(const std::string text, read_file(path, max_bytes));
  auto json = parse_json(text);
  if (!json.ok()) return json.status().with_context(path.string());
  return json;
}

Result<int64_t> json_int(const Json& object, std::string_view key) {
  const Json* value = find(object, key);
  if (value == nullptr) return missing(key);
  if (value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX) {
    return wrong_type(key, "a 64-bit integer", *value);
  }
  if (value->is_number_integer()) return value->get<int64_t>();
  return wrong_type(key, "an integer", *value);
}

Result<std::string> json_string(const Json& object, std::string_view key) {
  const Json* value = find(object, key);
  if (value == nullptr) return missing(key);
  if (!value->is_string()) return wrong_type(key, "a string", *value);
  return value->get<std::string>();
}

Result<std::vector<int64_t>> json_ints(const Json& object, std::string_view key) {
  const Json* value = find(object, key);
  if (value == nullptr) return missing(key);
  if (!value->is_array()) return wrong_type(key, "a list of integers", *value);
  std::vector<int64_t> numbers;
  numbers.reserve(value->size());
  for (const Json& item : *value) {
    if (!item.is_number_integer()) return wrong_type(key, "a list of integers", item);
    numbers.push_back(item.get<int64_t>());
  }
  return numbers;
}

Result<int64_t> json_int_or(const Json& object, std::string_view key, int64_t fallback) {
  if (find(object, key) == nullptr) return fallback;
  return json_int(object, key);
}

Result<std::vector<int64_t>> json_ints_or_empty(const Json& object, std::string_view key) {
  if (find(object, key) == nullptr) return std::vector<int64_t>();
  return json_ints(object, key);
}

std::string json_dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace escuta
