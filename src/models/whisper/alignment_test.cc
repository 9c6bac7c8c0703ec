#include "models/whisper/alignment.h"

#include <gtest/gtest.h>

namespace escuta::whisper {
namespace {

// A head that looks for token i at columns i * 8 .. i * 8 + 7, and a little everywhere.
Matrix head(size_t tokens, size_t columns, float background) {
  Matrix weights(tokens, columns);
  for (size_t i = 0; i < tokens; ++i) {
    for (size_t j = 0; j < columns; ++j) weights.row(i)[j] = j / 8 == i ? 1 : background;
  }
  return weights;
}

TEST(Salience, IsHighestWhereATokenIsLookedFor) {
  std::vector<Matrix> heads = {head(4, 40, 0.1f), head(4, 40, 0.3f)};
  const Matrix fit = salience(heads, 32);
  ASSERT_EQ(fit.rows, 4u);
  ASSERT_EQ(fit.columns, 32u);
  for (size_t j = 0; j < 32; ++j) {
    for (size_t i = 0; i < 4; ++i) {
      if (i == j / 8) continue;
      EXPECT_LT(fit.row(i)[j], fit.row(j / 8)[j]) << i << " " << j;
    }
  }
}

// What lies in the padding takes no part: the rest counts as if it were all.
TEST(Salience, ForgetsWhatIsBehindTheSound) {
  std::vector<Matrix> plain = {head(3, 24, 0.2f)};
  std::vector<Matrix> padded = {head(3, 48, 0.2f)};
  for (size_t i = 0; i < 3; ++i) padded[0].row(i)[30 + i] = 50;
  const Matrix expected = salience(plain, 24), found = salience(padded, 24);
  for (size_t i = 0; i < expected.values.size(); ++i) {
    EXPECT_NEAR(found.values[i], expected.values[i], 1e-4) << i;
  }
}

TEST(Salience, AMomentThatAllTokensLookAtAlikeSaysNothing) {
  std::vector<Matrix> heads = {Matrix(2, 16)};
  for (float& x : heads[0].values) x = 1;
  for (const float x : salience(heads, 16).values) EXPECT_EQ(x, 0);
}

}  // namespace
}  // namespace escuta::whisper
