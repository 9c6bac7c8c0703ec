#include "models/whisper/window.h"

#include <gtest/gtest.h>

namespace escuta::whisper {
namespace {

TEST(CompressionRatio, IsHighForRepetition) {
  EXPECT_EQ(compression_ratio(""), 0);
  EXPECT_LT(compression_ratio("Ask not what your country can do for you."), 1.5);
  std::string loop;
  for (int i = 0; i < 50; ++i) loop += "thank you ";
  EXPECT_GT(compression_ratio(loop), 10);
}

}  // namespace
}  // namespace escuta::whisper
