// Any bytes as a grammar, up to the first zero, and what follows as text: parsing fails with a
// message, or yields a grammar that follows the text, in bounded time.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "text/grammar.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace escuta::text;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), input.size());
  const auto grammar = Grammar::parse(input.substr(0, end));
  if (!grammar.ok()) {
    if (grammar.status().message().empty()) std::abort();
    return 0;
  }
  Grammar::States states = grammar->begin();
  for (const char c : input.substr(end).substr(0, 64)) {
    states = grammar->after(states, static_cast<uint8_t>(c));
    if (states.size() > 100'000) std::abort();
  }
  return 0;
}
