#include "text/stream_decoder.h"

#include <gtest/gtest.h>

#include "text/byte_level.h"
#include "text/utf8.h"

namespace escuta::text {
namespace {

// One token a byte, with the byte's value as its id, and "<|end|>" as 256.
std::shared_ptr<const Tokenizer> bytes_tokenizer() {
  nlohmann::json vocab = nlohmann::json::object();
  for (int byte = 0; byte < 256; ++byte) {
    std::string character;
    append_utf8(byte_characters()[static_cast<size_t>(byte)], &character);
    vocab[character] = byte;
  }
  const nlohmann::json file = {
      {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", nlohmann::json::array()}}},
      {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
      {"decoder", {{"type", "ByteLevel"}}},
      {"added_tokens", {{{"id", 256}, {"content", "<|end|>"}, {"special", true}}}}};
  return Tokenizer::parse(file.dump()).value();
}

TEST(StreamDecoder, HoldsACharacterBackUntilItIsWhole) {
  StreamDecoder stream(bytes_tokenizer());
  EXPECT_EQ(stream.push('a'), "a");
  EXPECT_EQ(stream.push(0xF0), "");
  EXPECT_EQ(stream.push(0x9F), "");
  EXPECT_EQ(stream.push(256), "");  // special: adds nothing, ends nothing
  EXPECT_EQ(stream.push(0x98), "");
  EXPECT_EQ(stream.push(0x80), "\U0001F600");
}

TEST(StreamDecoder, ShowsBytesThatNothingCanComplete) {
  StreamDecoder stream(bytes_tokenizer());
  EXPECT_EQ(stream.push(0xE2), "");
  EXPECT_EQ(stream.push('a'), "\uFFFDa");
  EXPECT_EQ(stream.push(0x80), "\uFFFD");
}

TEST(StreamDecoder, AnEndInsideACharacterIsDropped) {
  StreamDecoder stream(bytes_tokenizer());
  EXPECT_EQ(stream.push(0xE2), "");
  stream.finish();
  EXPECT_EQ(stream.push('b'), "b");
  EXPECT_EQ(stream.push(-1) + stream.push(1 << 30), "");
}

}  // namespace
}  // namespace escuta::text
