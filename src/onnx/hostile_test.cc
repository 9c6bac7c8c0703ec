// Whatever the bytes: an answer, never a crash, and no more memory than allowed. The sanitizers
// of the asan preset watch; libFuzzer goes further (tests/fuzz/fuzz_onnx.cc).
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "onnx/test_models.h"

namespace escuta::onnx {
namespace {

constexpr std::array kFixtures = {"attributes.onnx", "dtypes.onnx",    "external.onnx",
                                  "functions.onnx",  "subgraphs.onnx", "types.onnx"};

std::string fixture_bytes(const char* name) {
  return read_file(testing::fixture(name), size_t{1} << 20).value();
}

// Reads from a copy of exactly the bytes' size, so that a read beyond the end is seen.
Result<Model> parse_exactly(std::string_view bytes) {
  const auto copy = std::make_shared<const std::vector<char>>(bytes.begin(), bytes.end());
  return parse_model(std::as_bytes(std::span(*copy)), testing::fixture(""), copy);
}

TEST(Hostile, CutAtEveryByte) {
  for (const char* name : kFixtures) {
    const std::string whole = fixture_bytes(name);
    int refused = 0;
    for (size_t size = 0; size < whole.size(); ++size) {
      const auto model = parse_exactly(std::string_view(whole).substr(0, size));
      refused += !model.ok() && !model.status().message().empty();
    }
    // A cut between fields of the top level, after the graph, cannot be seen here: graph/ misses
    // the operator sets then.
    EXPECT_GT(refused, static_cast<int>(whole.size()) - 64) << name;
  }
}

TEST(Hostile, RandomChanges) {
  std::mt19937 random(20261121);
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  int accepted = 0;
  for (int round = 0; round < 6000; ++round) {
    std::string bytes = fixture_bytes(kFixtures[below(kFixtures.size())]);
    for (size_t change = below(4) + 1; change > 0; --change) {
      const size_t at = below(bytes.size());
      switch (below(4)) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
          break;
        case 2:
          bytes.erase(at, below(8) + 1);
          break;
        default:
          bytes.insert(at, bytes.substr(below(bytes.size()), below(32)));
      }
      if (bytes.empty()) break;
    }
    const auto model = parse_exactly(bytes);
    if (!model.ok()) continue;
    ++accepted;
    const auto written = serialize_model(*model);
    ASSERT_TRUE(written.ok());
    EXPECT_TRUE(parse_exactly(*written).ok()) << parse_exactly(*written).status().to_string();
  }
  EXPECT_GT(accepted, 100);  // else the changes are too coarse to reach anything
}

TEST(Hostile, RandomBytes) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 256, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_FALSE(parse_exactly(bytes).ok());
  }
}

}  // namespace
}  // namespace escuta::onnx
