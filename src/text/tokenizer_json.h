// Reads the parts of a Hugging Face tokenizer.json that a byte-level BPE tokenizer consists of.
//
// The vocabulary and the merges, nearly all of the file, go straight into vectors as the parser
// meets them; only the small rest becomes a JSON tree. Counts, ids and depth are bounded, so that
// a hostile file costs at most a small multiple of its own size.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace escuta::text {

// Four times the largest vocabulary in use; bounds tables indexed by id.
constexpr int32_t kMaxTokenId = (1 << 20) - 1;

struct TokenizerFile {
  std::vector<std::pair<std::string, int32_t>> vocab;  // `model.vocab` in the file's order
  std::vector<std::pair<std::string, std::string>> merges;
  nlohmann::json model;         // the other members of `model`; an object
  nlohmann::json added_tokens;  // these four as they stand, null where absent
  nlohmann::json normalizer;
  nlohmann::json pre_tokenizer;
  nlohmann::json decoder;
};

// InvalidArgument if `text` is not JSON, lacks the vocabulary or the merges, has a wrong type in
// them, or an id outside 0 .. kMaxTokenId.
Result<TokenizerFile> read_tokenizer_file(std::string_view text);

}  // namespace escuta::text
