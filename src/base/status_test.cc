#include "base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace escuta {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return invalid_argument("expected an even number, found {}", n);
  return n / 2;
}

Result<int> quarter(int n) {
  ASSIGN_OR_RETURN(const int once, half(n));
  ASSIGN_OR_RETURN(const int twice, half(once));
  return twice;
}

Status check_even(int n) {
  RETURN_IF_ERROR(half(n).status());
  return Status();
}

TEST(Status, CostsOnePointerAndCopies) {
  EXPECT_EQ(sizeof(Status), sizeof(void*));
  const Status bad = not_found("{} is absent", "x");
  const Status copy = bad;
  EXPECT_EQ(copy.to_string(), "NOT_FOUND: x is absent");
  EXPECT_EQ(bad.with_context("load").message(), "load: x is absent");
  EXPECT_TRUE(Status().with_context("load").ok());
}

TEST(Result, PropagatesTheFirstError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).status().message(), "expected an even number, found 3");
  EXPECT_TRUE(check_even(2).ok());
  EXPECT_EQ(check_even(3).code(), StatusCode::kInvalidArgument);
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(7);
  EXPECT_EQ(*std::move(made).value(), 7);
}

}  // namespace
}  // namespace escuta
