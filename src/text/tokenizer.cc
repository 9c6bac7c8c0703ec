#include "text/tokenizer.h"

#include <algorithm>

#include "base/files.h"
#include "text/byte_level.h"
#include "text/tokenizer_json.h"
#include "text/utf8.h"

namespace escuta::text {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxFileBytes = size_t{64} << 20;

std::string string_member(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

Result<bool> bool_member(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return false;
  if (!it->is_boolean()) {
    return invalid_argument("`{}`: expected true or false, found {}", key, it->type_name());
  }
  return it->get<bool>();
}

// Refuses what would change the result and is not implemented.
Status check_model(const Json& model) {
  const auto type = model.find("type");
  if (type != model.end() && *type != "BPE") {
    return unimplemented("`model.type`: expected BPE, found {}",
                         type->is_string() ? type->get<std::string>() : type->type_name());
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (const std::string affix = string_member(model, key); !affix.empty()) {
      return unimplemented("`model.{}`: expected none, found `{}`", key, affix);
    }
  }
  ASSIGN_OR_RETURN(const bool byte_fallback, bool_member(model, "byte_fallback"));
  if (byte_fallback) {
    return unimplemented("`model.byte_fallback`: expected false for a byte-level tokenizer");
  }
  const auto dropout = model.find("dropout");
  if (dropout != model.end() && !dropout->is_null() && *dropout != 0) {
    return unimplemented("`model.dropout`: expected null, as random splits are for training only");
  }
  return Status();
}

Status check_decoder(const Json& decoder) {
  const Json* step = &decoder;
  if (decoder.is_object() && string_member(decoder, "type") == "Sequence") {
    const auto steps = decoder.find("decoders");
    if (steps != decoder.end() && steps->is_array() && steps->size() == 1) step = &(*steps)[0];
  }
  const std::string type = step->is_object() ? string_member(*step, "type") : step->type_name();
  if (type == "ByteLevel") return Status();
  return unimplemented("`decoder`: expected ByteLevel, found `{}`", type);
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> Tokenizer::load(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const std::string json, read_file(path, kMaxFileBytes));
  auto tokenizer = parse(json);
  if (!tokenizer.ok()) return tokenizer.status().with_context(path.string());
  return tokenizer;
}

Result<std::shared_ptr<const Tokenizer>> Tokenizer::parse(std::string_view json) {
  if (json.size() > kMaxFileBytes) {
    return out_of_range("expected at most {} bytes, found {}", kMaxFileBytes, json.size());
  }
  ASSIGN_OR_RETURN(TokenizerFile file, read_tokenizer_file(json));
  RETURN_IF_ERROR(check_model(file.model));
  RETURN_IF_ERROR(check_decoder(file.decoder));
  ASSIGN_OR_RETURN(Normalizer normalizer, Normalizer::create(file.normalizer));
  ASSIGN_OR_RETURN(Splitter splitter, Splitter::create(file.pre_tokenizer));
  const std::shared_ptr<Tokenizer> tokenizer(
      new Tokenizer(std::move(normalizer), std::move(splitter)));
  RETURN_IF_ERROR(tokenizer->add_vocabulary(&file));
  RETURN_IF_ERROR(tokenizer->build_bpe(file));
  RETURN_IF_ERROR(tokenizer->add_added_tokens(file));
  return std::shared_ptr<const Tokenizer>(tokenizer);
}

// tokens_ has its final size: the map's keys point into it.
Status Tokenizer::add_token(std::string text, int32_t id) {
  Token& token = tokens_[static_cast<size_t>(id)];
  if (token.exists) {
    return invalid_argument("expected one token with id {}, found `{}` and `{}`", id, token.text,
                            text);
  }
  token.text = std::move(text);
  token.bytes = byte_level_bytes(token.text).value_or(token.text);
  token.exists = true;
  if (const auto [it, is_new] = ids_.emplace(token.text, id); !is_new) {
    return invalid_argument("expected one id for `{}`, found {} and {}", token.text, it->second,
                            id);
  }
  return Status();
}

Status Tokenizer::add_vocabulary(TokenizerFile* file) {
  int32_t highest = -1;
  for (const auto& entry : file->vocab) highest = std::max(highest, entry.second);
  if (!file->added_tokens.is_null() && !file->added_tokens.is_array()) {
    return invalid_argument("`added_tokens`: expected a list, found {}",
                            file->added_tokens.type_name());
  }
  for (const Json& added : file->added_tokens) {
    const auto id = added.is_object() ? added.find("id") : added.end();
    if (id == added.end() || !id->is_number_unsigned() ||
        id->get<uint64_t>() > static_cast<uint64_t>(kMaxTokenId)) {
      return invalid_argument("`added_tokens`: expected an `id` from 0 to {}, found {}",
                              kMaxTokenId, id == added.end() ? "none" : id->dump());
    }
    highest = std::max(highest, id->get<int32_t>());
  }
  tokens_.resize(static_cast<size_t>(highest + 1));
  ids_.reserve(file->vocab.size() + file->added_tokens.size());
  for (auto& [text, id] : file->vocab) {
    if (Status status = add_token(std::move(text), id); !status.ok()) {
      return status.with_context("`model.vocab`");
    }
  }
  return Status();
}

Status Tokenizer::build_bpe(const TokenizerFile& file) {
  std::array<int32_t, 256> byte_ids;
  for (size_t byte = 0; byte < 256; ++byte) {
    std::string character;
    append_utf8(byte_characters()[byte], &character);
    byte_ids[byte] = token_to_id(character).value_or(-1);
  }
  Bpe::Unknown unknown;
  if (const std::string token = string_member(file.model, "unk_token"); !token.empty()) {
    unknown.id = token_to_id(token);
    if (!unknown.id.has_value()) {
      return invalid_argument("`model.unk_token`: expected a token of the vocabulary, found `{}`",
                              token);
    }
  }
  ASSIGN_OR_RETURN(unknown.fuse, bool_member(file.model, "fuse_unk"));
  bpe_.emplace(byte_ids, unknown);
  ASSIGN_OR_RETURN(const bool whole_words_first, bool_member(file.model, "ignore_merges"));
  if (whole_words_first) {
    for (const auto& [text, id] : ids_) {
      if (byte_level_bytes(text).has_value()) words_.emplace(token_bytes(id), id);
    }
  }
  return add_merges(file, &*bpe_);
}

Status Tokenizer::add_merges(const TokenizerFile& file, Bpe* bpe) const {
  bpe->reserve(file.merges.size());
  std::string joined;
  for (size_t rank = 0; rank < file.merges.size(); ++rank) {
    const auto& [left, right] = file.merges[rank];
    joined.assign(left).append(right);
    const std::optional<int32_t> left_id = token_to_id(left);
    const std::optional<int32_t> right_id = token_to_id(right);
    const std::optional<int32_t> merged_id = token_to_id(joined);
    if (!left_id || !right_id || !merged_id) {
      return invalid_argument(
          "`model.merges`: entry {}: expected tokens of the vocabulary, found `{}`", rank,
          !left_id    ? left
          : !right_id ? right
                      : joined);
    }
    bpe->add_merge(*left_id, *right_id, static_cast<int32_t>(rank), *merged_id);
  }
  return Status();
}

Status Tokenizer::add_added_tokens(const TokenizerFile& file) {
  std::vector<AddedToken> raw, normalized;
  for (const Json& json : file.added_tokens) {
    AddedToken added;
    added.id = json["id"].get<int32_t>();
    added.content = string_member(json, "content");
    if (added.content.empty()) {
      return invalid_argument("`added_tokens`: id {}: expected a `content`, found none", added.id);
    }
    Token& token = tokens_[static_cast<size_t>(added.id)];
    if (!token.exists || token.text != added.content) {
      if (Status status = add_token(added.content, added.id); !status.ok()) {
        return status.with_context("`added_tokens`");
      }
    }
    const auto read = [&](const char* key) { return bool_member(json, key); };
    ASSIGN_OR_RETURN(token.special, read("special"));
    ASSIGN_OR_RETURN(added.single_word, read("single_word"));
    ASSIGN_OR_RETURN(added.lstrip, read("lstrip"));
    ASSIGN_OR_RETURN(added.rstrip, read("rstrip"));
    ASSIGN_OR_RETURN(const bool is_normalized, read("normalized"));
    if (is_normalized && !normalizer_.is_identity()) {
      added.content = normalizer_.apply(added.content);
      token.bytes = byte_level_bytes(added.content).value_or(added.content);
    }
    (is_normalized ? normalized : raw).push_back(std::move(added));
  }
  ASSIGN_OR_RETURN(raw_matcher_, AddedTokenMatcher::create(std::move(raw)));
  ASSIGN_OR_RETURN(normalized_matcher_, AddedTokenMatcher::create(std::move(normalized)));
  return Status();
}

std::optional<int32_t> Tokenizer::token_to_id(std::string_view token) const {
  const auto it = ids_.find(token);
  if (it == ids_.end()) return std::nullopt;
  return it->second;
}

std::string_view Tokenizer::id_to_token(int32_t id) const {
  if (id < 0 || id >= vocab_size()) return {};
  return tokens_[static_cast<size_t>(id)].text;
}

std::string_view Tokenizer::token_bytes(int32_t id) const {
  if (id < 0 || id >= vocab_size()) return {};
  return tokens_[static_cast<size_t>(id)].bytes;
}

bool Tokenizer::is_special(int32_t id) const {
  return id >= 0 && id < vocab_size() && tokens_[static_cast<size_t>(id)].special;
}

std::vector<int32_t> Tokenizer::encode(std::string_view given) const {
  const std::string text = replace_invalid_utf8(given);
  std::vector<int32_t> ids;
  const auto add_id = [&](int32_t id) { ids.push_back(id); };
  const auto add_word = [&](std::string_view word) {
    if (const auto whole = words_.find(word); whole != words_.end()) {
      ids.push_back(whole->second);
    } else {
      bpe_->encode(word, &ids);
    }
  };
  const auto add_normalized = [&](std::string_view piece) { splitter_.split(piece, add_word); };
  const auto add_raw = [&](std::string_view piece) {
    const std::string normal = normalizer_.apply(piece);
    normalized_matcher_->split(normal, add_normalized, add_id);
  };
  raw_matcher_->split(text, add_raw, add_id);
  return ids;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string bytes;
  for (const int32_t id : ids) {
    if (!skip_special || !is_special(id)) bytes += token_bytes(id);
  }
  bytes.resize(bytes.size() - incomplete_utf8_tail(bytes));
  return replace_invalid_utf8(bytes);
}

}  // namespace escuta::text
