// Text for a page of at most 100 columns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/printable.h"

namespace escuta::cli {

inline constexpr size_t kPageWidth = 100;

// One line of at most `width` characters; see printable().
inline std::string fit(std::string_view text, size_t width = kPageWidth) {
  return printable(text, width);
}

// `text` with spaces up to `width` characters.
std::string padded(std::string text, size_t width);

// "1,234,567"; "770 KiB", "3.0 GiB".
std::string with_commas(int64_t number);
std::string human_bytes(uint64_t bytes);

// Rows of a name and what is said of it. Rows that differ in one number of the name only are
// shown as one: "present.{0-3}.decoder.key". Order of first appearance.
std::vector<std::pair<std::string, std::string>> fold_numbers(
    const std::vector<std::pair<std::string, std::string>>& rows);

// The cells side by side, in columns as wide as the widest, each line after two spaces.
std::string in_columns(const std::vector<std::string>& cells);

}  // namespace escuta::cli
