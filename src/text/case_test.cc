#include "text/case.h"

#include <gtest/gtest.h>

namespace escuta::text {
namespace {

TEST(Case, MapsEachCharacterByItself) {
  EXPECT_EQ(to_upper("caf\xc3\xa9 1"), "CAF\xc3\x89 1");
  EXPECT_EQ(to_lower("\xce\xa3\xce\x91\xce\xa3"), "\xcf\x83\xce\xb1\xcf\x83");  // no final sigma
  EXPECT_EQ(to_upper("\xc3\x9f"), "\xc3\x9f");  // sharp s has no single upper-case letter
  EXPECT_EQ(to_lower(""), "");
}

}  // namespace
}  // namespace escuta::text
