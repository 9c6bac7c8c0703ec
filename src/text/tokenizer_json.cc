#include "text/tokenizer_json.h"

#include <algorithm>

namespace escuta::text {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxTokens = static_cast<size_t>(kMaxTokenId) + 1;
constexpr size_t kMaxMerges = 2 * kMaxTokens;
constexpr size_t kMaxTreeValues = 500'000;

// A handler for nlohmann's SAX parser; a member that returns false stops it. `level_` counts the
// open objects and arrays; `section_` says where inside the file the parser is.
class Reader {
 public:
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  Result<TokenizerFile> finish(bool parsed);

  bool null() { return scalar(nullptr); }
  bool boolean(bool value) { return scalar(value); }
  bool number_integer(number_integer_t value) { return number(value, value < 0); }
  bool number_unsigned(number_unsigned_t value) {
    return number(value, value > static_cast<number_unsigned_t>(kMaxTokenId));
  }
  bool number_float(number_float_t value, const string_t&) { return scalar(value); }
  bool string(string_t& value);
  bool binary(binary_t&) { return false; }
  bool key(string_t& name);
  bool start_object(size_t);
  bool start_array(size_t);
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) {
    return fail(invalid_argument("expected JSON, found something else at byte {}", position));
  }

 private:
  // kTree: inside a value that is kept as JSON. kSkip: inside one that is not.
  enum class Section { kRoot, kModel, kVocab, kMerges, kTree, kSkip };

  bool fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
    return false;
  }
  template <typename T>
  bool number(T value, bool outside);
  bool scalar(Json value);
  bool open(Json empty);
  bool open_member(bool object);
  bool close();
  Json* tree_place(Json value);
  bool end_merge();

  TokenizerFile file_;
  Status status_;
  Section section_ = Section::kRoot;
  size_t level_ = 0;
  size_t section_level_ = 0;  // the level at which kTree or kSkip ends
  std::string member_;        // the key last met at the root or in `model`
  std::string token_;         // the key last met in the vocabulary
  std::string tree_key_;
  std::vector<Json*> tree_;  // the open values of the tree, outermost first
  size_t tree_values_ = 0;
  std::vector<std::string> merge_;  // the parts of the pair being read
  bool in_merge_ = false;
  bool has_vocab_ = false, has_merges_ = false;
};

// `member_`'s place in the file, null if it is not kept.
Json* kept_member(TokenizerFile* file, const std::string& name) {
  if (name == "added_tokens") return &file->added_tokens;
  if (name == "normalizer") return &file->normalizer;
  if (name == "pre_tokenizer") return &file->pre_tokenizer;
  if (name == "decoder") return &file->decoder;
  return nullptr;
}

Json* Reader::tree_place(Json value) {
  if (++tree_values_ > kMaxTreeValues) {
    fail(invalid_argument("expected at most {} values beside vocabulary and merges, found more",
                          kMaxTreeValues));
    return nullptr;
  }
  Json* place = nullptr;
  if (tree_.empty()) {
    place = section_ == Section::kModel ? &file_.model[member_] : kept_member(&file_, member_);
  } else if (tree_.back()->is_array()) {
    tree_.back()->push_back(nullptr);
    place = &tree_.back()->back();
  } else {
    place = &(*tree_.back())[tree_key_];
  }
  *place = std::move(value);
  return place;
}

bool Reader::scalar(Json value) {
  switch (section_) {
    case Section::kSkip:
      return true;
    case Section::kRoot:
      if (level_ == 0) {
        return fail(invalid_argument("expected an object, found {}", value.type_name()));
      }
      if (member_ == "model") {
        return fail(invalid_argument("`model`: expected an object, found {}", value.type_name()));
      }
      return kept_member(&file_, member_) == nullptr || tree_place(std::move(value)) != nullptr;
    case Section::kModel:
      if (member_ == "vocab" || member_ == "merges") {
        return fail(invalid_argument("`model.{}`: expected {}, found {}", member_,
                                     member_ == "vocab" ? "an object" : "a list",
                                     value.type_name()));
      }
      return tree_place(std::move(value)) != nullptr;
    case Section::kTree:
      return tree_place(std::move(value)) != nullptr;
    case Section::kVocab:
      return fail(invalid_argument("`model.vocab`: `{}`: expected an id from 0 to {}, found {}",
                                   token_, kMaxTokenId, value.type_name()));
    case Section::kMerges:
      return fail(invalid_argument(
          "`model.merges`: entry {}: expected \"left right\" or [\"left\", \"right\"], found {}",
          file_.merges.size(), value.type_name()));
  }
  return false;
}

template <typename T>
bool Reader::number(T value, bool outside) {
  if (section_ != Section::kVocab) return scalar(value);
  if (outside) {
    return fail(invalid_argument("`model.vocab`: `{}`: expected an id from 0 to {}, found {}",
                                 token_, kMaxTokenId, value));
  }
  if (file_.vocab.size() == kMaxTokens) {
    return fail(
        invalid_argument("`model.vocab`: expected at most {} tokens, found more", kMaxTokens));
  }
  file_.vocab.emplace_back(std::move(token_), static_cast<int32_t>(value));
  return true;
}

bool Reader::string(string_t& value) {
  if (section_ != Section::kMerges) {
    return section_ == Section::kSkip || scalar(std::move(value));
  }
  if (in_merge_) {
    merge_.push_back(std::move(value));
    return merge_.size() <= 2 || end_merge();
  }
  const size_t space = value.find(' ');
  if (space != std::string::npos && value.find(' ', space + 1) == std::string::npos) {
    merge_.push_back(value.substr(0, space));
    merge_.push_back(value.substr(space + 1));
  }
  return end_merge();
}

bool Reader::end_merge() {
  in_merge_ = false;
  if (merge_.size() != 2) {
    return fail(invalid_argument(
        "`model.merges`: entry {}: expected two tokens, as \"left right\" or [\"left\", "
        "\"right\"], found {}",
        file_.merges.size(), merge_.empty() ? "none" : fmt::format("{}", merge_.size())));
  }
  if (file_.merges.size() == kMaxMerges) {
    return fail(invalid_argument("`model.merges`: expected at most {}, found more", kMaxMerges));
  }
  file_.merges.emplace_back(std::move(merge_[0]), std::move(merge_[1]));
  merge_.clear();
  return true;
}

bool Reader::key(string_t& name) {
  if (section_ == Section::kRoot || section_ == Section::kModel) {
    member_ = std::move(name);
  } else if (section_ == Section::kVocab) {
    token_ = std::move(name);
  } else {
    tree_key_ = std::move(name);
  }
  return true;
}

bool Reader::start_object(size_t) { return open(Json::object()); }

bool Reader::start_array(size_t) { return open(Json::array()); }

bool Reader::open(Json empty) {
  if (++level_ > kMaxDepth) {
    return fail(invalid_argument("expected at most {} nested levels, found more", kMaxDepth));
  }
  const bool object = empty.is_object();
  switch (section_) {
    case Section::kSkip:
      return true;
    case Section::kRoot:
    case Section::kModel:
      return open_member(object);
    case Section::kMerges:
      if (object || in_merge_) {
        --level_;
        return scalar(std::move(empty));
      }
      in_merge_ = true;
      return true;
    case Section::kVocab:
      return scalar(std::move(empty));
    case Section::kTree:
      tree_.push_back(tree_place(std::move(empty)));
      return tree_.back() != nullptr;
  }
  return false;
}

// The value of `member_`, an object or a list, begins; so does the file itself.
bool Reader::open_member(bool object) {
  const Json empty = object ? Json::object() : Json::array();
  if (section_ == Section::kRoot && level_ == 1) {
    return object || fail(invalid_argument("expected an object, found a list"));
  }
  const bool vocab = section_ == Section::kModel && member_ == "vocab";
  const bool merges = section_ == Section::kModel && member_ == "merges";
  const bool model = section_ == Section::kRoot && member_ == "model";
  if ((vocab || model) != object && (vocab || merges || model)) return scalar(empty);
  if ((vocab && has_vocab_) || (merges && has_merges_) || (model && !file_.model.is_null())) {
    return fail(invalid_argument("expected one `{}`, found a second", member_));
  }
  if (vocab || merges) {
    (vocab ? has_vocab_ : has_merges_) = true;
    section_ = vocab ? Section::kVocab : Section::kMerges;
  } else if (model) {
    file_.model = Json::object();
    section_ = Section::kModel;
  } else {
    const bool kept = section_ == Section::kModel || kept_member(&file_, member_) != nullptr;
    Json* place = kept ? tree_place(empty) : nullptr;
    if (kept && place == nullptr) return false;
    if (kept) tree_.push_back(place);
    section_level_ = level_;
    section_ = kept ? Section::kTree : Section::kSkip;
  }
  return true;
}

// An object or a list ends. The root's members are at level 2, the model's at level 3.
bool Reader::close() {
  const size_t closed = level_--;
  switch (section_) {
    case Section::kMerges:
      if (in_merge_) return end_merge();
      section_ = Section::kModel;
      break;
    case Section::kVocab:
      section_ = Section::kModel;
      break;
    case Section::kModel:
      section_ = Section::kRoot;
      break;
    case Section::kTree:
    case Section::kSkip:
      if (section_ == Section::kTree) tree_.pop_back();
      if (closed == section_level_) section_ = closed == 2 ? Section::kRoot : Section::kModel;
      break;
    case Section::kRoot:
      break;
  }
  return true;
}

Result<TokenizerFile> Reader::finish(bool parsed) {
  if (!status_.ok()) return status_;
  if (!parsed) return invalid_argument("expected JSON");
  if (file_.model.is_null()) return invalid_argument("expected an object `model`, found none");
  if (!has_vocab_) return invalid_argument("`model.vocab`: expected an object, found none");
  if (!has_merges_) return invalid_argument("`model.merges`: expected a list, found none");
  return std::move(file_);
}

}  // namespace

Result<TokenizerFile> read_tokenizer_file(std::string_view text) {
  Reader reader;
  const bool parsed = Json::sax_parse(text.begin(), text.end(), &reader);
  return reader.finish(parsed);
}

}  // namespace escuta::text
