// Any bytes as a tokenizer.json: load fails with a message, or yields a tokenizer that encodes and
// decodes any text. The text is the input itself, so that the fuzzer shapes both.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "text/stream_decoder.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace escuta::text;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = Tokenizer::parse(input);
  if (!tokenizer.ok()) {
    if (tokenizer.status().message().empty()) std::abort();
    return 0;
  }
  const std::vector<int32_t> ids = (*tokenizer)->encode(input.substr(0, 4096));
  StreamDecoder stream(*tokenizer);
  std::string streamed;
  for (const int32_t id : ids) {
    if (id < 0 || id >= (*tokenizer)->vocab_size()) std::abort();
    streamed += stream.push(id);
  }
  const std::string text = (*tokenizer)->decode(ids);
  if (text != streamed || !is_utf8(text)) std::abort();
  return 0;
}
