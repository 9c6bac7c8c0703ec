// What the tokenizer makes of strings, for comparison with another tokenizer.
//
// tokenizer_probe TOKENIZER_JSON < lines > lines
// A line of input is {"text": STRING} or {"ids": [...]}; the line of output has "ids"
// (encode(text), or the ids given), "text" (decode, special tokens skipped), "all" (decode, special
// tokens kept) and "stream" (the pieces of a StreamDecoder, joined).
#include <iostream>
#include <string>

#include "base/json.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"

namespace escuta::text {
namespace {

Result<Json> answer(const std::shared_ptr<const Tokenizer>& tokenizer, const std::string& line) {
  ASSIGN_OR_RETURN(const Json request, parse_json(line));
  std::vector<int32_t> ids;
  if (request.contains("text")) {
    ASSIGN_OR_RETURN(const std::string text, json_string(request, "text"));
    ids = tokenizer->encode(text);
  } else {
    ASSIGN_OR_RETURN(const std::vector<int64_t> given, json_ints(request, "ids"));
    ids.assign(given.begin(), given.end());
  }
  StreamDecoder stream(tokenizer);
  std::string streamed;
  for (const int32_t id : ids) streamed += stream.push(id);
  return Json{{"ids", ids},
              {"text", tokenizer->decode(ids)},
              {"all", tokenizer->decode(ids, false)},
              {"stream", streamed}};
}

int run(const char* path) {
  const auto tokenizer = Tokenizer::load(path);
  if (!tokenizer.ok()) {
    std::cerr << tokenizer.status().to_string() << "\n";
    return 1;
  }
  for (std::string line; std::getline(std::cin, line);) {
    const auto result = answer(*tokenizer, line);
    if (!result.ok()) {
      std::cerr << result.status().to_string() << "\n";
      return 1;
    }
    std::cout << json_dump(*result) << "\n";
  }
  return 0;
}

}  // namespace
}  // namespace escuta::text

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: tokenizer_probe TOKENIZER_JSON < lines\n";
    return 2;
  }
  return escuta::text::run(argv[1]);
}
