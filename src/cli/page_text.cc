#include "cli/page_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>

namespace escuta::cli {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A name around one of its numbers: "present." 0 ".key".
struct Numbered {
  std::string head, tail;
  uint64_t number = 0;
};

std::optional<Numbered> first_number(const std::string& name) {
  constexpr size_t kMaxDigits = 6;
  const auto begin = std::ranges::find_if(name, is_digit);
  const auto end = std::find_if_not(begin, name.end(), is_digit);
  const auto digits = static_cast<size_t>(end - begin);
  if (digits == 0 || digits > kMaxDigits) return std::nullopt;
  return Numbered{{name.begin(), begin}, {end, name.end()}, std::stoull(std::string(begin, end))};
}

}  // namespace

std::string padded(std::string text, size_t width) {
  const size_t used = text_width(text);
  if (used < width) text.append(width - used, ' ');
  return text;
}

std::string with_commas(int64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string human_bytes(uint64_t bytes) {
  constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} bytes", bytes);
  return fmt::format("{:.{}f} {}", value, value < 100 ? 1 : 0, kUnits[unit]);
}

std::vector<std::pair<std::string, std::string>> fold_numbers(
    const std::vector<std::pair<std::string, std::string>>& rows) {
  struct Group {
    std::string name, text;
    std::optional<Numbered> numbered;
    uint64_t last = 0;
  };
  std::vector<Group> groups;
  std::map<std::pair<std::string, std::string>, size_t> open;  // pattern, text -> group
  for (const auto& [name, text] : rows) {
    const std::optional<Numbered> numbered = first_number(name);
    if (numbered) {
      const std::string pattern = numbered->head + '\0' + numbered->tail;
      const auto [it, is_new] = open.try_emplace({pattern, text}, groups.size());
      if (!is_new && groups[it->second].last + 1 == numbered->number) {
        ++groups[it->second].last;
        continue;
      }
      it->second = groups.size();
    }
    groups.push_back({name, text, numbered, numbered ? numbered->number : 0});
  }
  std::vector<std::pair<std::string, std::string>> folded;
  for (const Group& group : groups) {
    const bool many = group.numbered && group.last != group.numbered->number;
    folded.emplace_back(many ? fmt::format("{}{{{}-{}}}{}", group.numbered->head,
                                           group.numbered->number, group.last, group.numbered->tail)
                             : group.name,
                        group.text);
  }
  return folded;
}

std::string in_columns(const std::vector<std::string>& cells) {
  constexpr size_t kIndent = 2;
  constexpr size_t kGap = 3;
  size_t width = 1;
  for (const std::string& cell : cells) width = std::max(width, text_width(cell));
  const size_t columns = std::max<size_t>(1, (kPageWidth - kIndent + kGap) / (width + kGap));
  const size_t lines = (cells.size() + columns - 1) / columns;
  std::string text;
  for (size_t line = 0; line < lines; ++line) {
    std::string row(kIndent, ' ');
    for (size_t i = line; i < cells.size(); i += lines) {
      const bool last = i + lines >= cells.size();
      row += last ? cells[i] : padded(cells[i], width + kGap);
    }
    text += row + "\n";
  }
  return text;
}

}  // namespace escuta::cli
