#include "text/byte_level.h"

#include "text/utf8.h"

namespace escuta::text {
namespace {

constexpr int kNoByte = -1;
constexpr char32_t kCharacters = 0x144;  // one past the last character of the alphabet

bool stands_for_itself(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

std::array<int16_t, kCharacters> invert(const std::array<char32_t, 256>& characters) {
  std::array<int16_t, kCharacters> bytes;
  bytes.fill(kNoByte);
  for (int16_t byte = 0; byte < 256; ++byte) bytes[characters[byte]] = byte;
  return bytes;
}

}  // namespace

const std::array<char32_t, 256>& byte_characters() {
  static const std::array<char32_t, 256> characters = [] {
    std::array<char32_t, 256> table{};
    char32_t next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      table[byte] = stands_for_itself(byte) ? static_cast<char32_t>(byte) : next++;
    }
    return table;
  }();
  return characters;
}

std::optional<std::string> byte_level_bytes(std::string_view token) {
  static const std::array<int16_t, kCharacters> bytes = invert(byte_characters());
  std::string result;
  for (std::string_view rest = token; !rest.empty();) {
    const CodePoint c = decode_utf8(rest);
    if (c.value >= kCharacters || bytes[c.value] == kNoByte) return std::nullopt;
    result += static_cast<char>(bytes[c.value]);
    rest.remove_prefix(c.length);
  }
  return result;
}

}  // namespace escuta::text
