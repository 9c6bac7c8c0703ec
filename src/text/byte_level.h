// GPT-2's byte-level alphabet: each byte is written as one printable character, so that a
// vocabulary is readable text. Bytes 0x21-0x7E, 0xA1-0xAC and 0xAE-0xFF stand for themselves; the
// other 68 are U+0100, U+0101, ... in order (openai/gpt-2, encoder.py, bytes_to_unicode). Thus a
// space is U+0120, printed as G with a dot. Pure functions; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace escuta::text {

// The character of each byte.
const std::array<char32_t, 256>& byte_characters();

// The bytes that `token` (well-formed UTF-8) is written for; none if any of its characters is
// outside the alphabet.
std::optional<std::string> byte_level_bytes(std::string_view token);

}  // namespace escuta::text
