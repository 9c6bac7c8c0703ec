// Text as its tokens arrive, one by one.
//
// Bytes that begin a character are held back until a later token completes it, so that U+FFFD
// stands only for bytes that are invalid whatever follows. All that push() returned, joined, is
// Tokenizer::decode() of the same ids. Special tokens add nothing. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "text/tokenizer.h"

namespace escuta::text {

class StreamDecoder {
 public:
  explicit StreamDecoder(std::shared_ptr<const Tokenizer> tokenizer)
      : tokenizer_(std::move(tokenizer)) {}

  // What can be shown now that `id` has come; often empty.
  std::string push(int32_t id);

  // The text ends: a character that stayed incomplete is dropped. Another text may follow.
  void finish() { held_.clear(); }

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::string held_;  // at most 3 bytes between calls
};

}  // namespace escuta::text
