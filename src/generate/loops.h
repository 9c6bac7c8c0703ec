// Texts that go round in circles: a decoder that has said the same words over and over goes on so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace escuta::generate {

// Where the same run of at most 40 tokens of text stands five times or more at the end, with 20
// tokens or more in all: how many of `tokens` there are up to the second. Tokens from text_end on,
// such as timestamps, are not looked at.
std::optional<size_t> find_loop(std::span<const int32_t> tokens, int32_t text_end);

}  // namespace escuta::generate
