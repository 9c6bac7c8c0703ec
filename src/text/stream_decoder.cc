#include "text/stream_decoder.h"

#include "text/utf8.h"

namespace escuta::text {

std::string StreamDecoder::push(int32_t id) {
  if (tokenizer_->is_special(id)) return std::string();
  held_ += tokenizer_->token_bytes(id);
  const size_t ready = held_.size() - incomplete_utf8_tail(held_);
  std::string text = replace_invalid_utf8(std::string_view(held_).substr(0, ready));
  held_.erase(0, ready);
  return text;
}

}  // namespace escuta::text
