// Unicode normalisation before anything else: the "normalizer" of a tokenizer.json.
//
// Supported: null, NFC, NFD, NFKC, NFKD (Unicode Standard Annex 15, by utf8proc, Unicode 14) and
// Sequences of them. Immutable; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace escuta::text {

class Normalizer {
 public:
  // `config` is the value of "normalizer". Unimplemented if it is of a kind not listed above.
  static Result<Normalizer> create(const nlohmann::json& config);

  // True if apply() returns every text as it is.
  bool is_identity() const { return forms_.empty(); }

  // `text` is well-formed UTF-8, and so is the result.
  std::string apply(std::string_view text) const;

 private:
  enum class Form { kNfc, kNfd, kNfkc, kNfkd };
  Status add(const nlohmann::json& config);
  std::vector<Form> forms_;
};

}  // namespace escuta::text
