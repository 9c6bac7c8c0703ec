// usage: make_small_model FOLDER
//
// Writes a whole Whisper model of random weights into FOLDER, which must not be there: 0.2 s of
// sound a window, 256 words of two letters. What it writes down means nothing, but it takes a
// millisecond, is the same each time, and needs no download.
#include <cstdio>
#include <filesystem>
#include <string>

#include "convert/test_checkpoint.h"
#include "convert/whisper.h"

namespace {

constexpr int kWords = 256;
constexpr int kVocabulary = 300;  // with special tokens and times

// {"...": id} of words such as " ca"; U+0120 is byte-level BPE's space.
std::string words_json() {
  std::string json;
  for (int id = 0; id < kWords; ++id) {
    if (id > 0) json += ",";
    json += "\"\xC4\xA0";
    json += static_cast<char>('a' + id / 16);
    json += static_cast<char>('a' + id % 16);
    json += "\":" + std::to_string(id);
  }
  return json;
}

// Only words may be chosen, and the end.
std::string config_json() {
  std::string specials;
  for (int id = kWords + 1; id < kVocabulary; ++id) specials += "," + std::to_string(id);
  return R"({"suppress_ids":[0)" + specials + R"(],"suppress_ids_begin":[)" +
         std::to_string(kWords) + R"(],"lang_ids":[258,259]})";
}

escuta::Status make(const std::filesystem::path& folder) {
  namespace testing = escuta::convert::testing;
  std::string tokenizer = testing::tokenizer_json(kWords);
  const std::string vocabulary = R"("a":0,"b":1,"ab":2},"merges":["a b"])";
  const size_t at = tokenizer.find(vocabulary);
  if (at == tokenizer.npos) return escuta::internal_error("expected {} in it", vocabulary);
  tokenizer.replace(at, vocabulary.size(), words_json() + R"(},"merges":[])");
  const std::filesystem::path checkpoint = folder.string() + ".ct2";
  RETURN_IF_ERROR(testing::write_checkpoint(checkpoint, testing::whisper_checkpoint(), tokenizer,
                                            config_json()));
  const escuta::Status imported = escuta::convert::import_whisper(checkpoint, folder, {});
  std::filesystem::remove_all(checkpoint);
  return imported;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_small_model FOLDER\n");
    return 2;
  }
  const escuta::Status status = make(argv[1]);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.to_string().c_str());
  return status.ok() ? 0 : 1;
}
