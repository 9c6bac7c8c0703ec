// A decoder for tests: logits are a fixed function of what a row was fed, so they do not depend on
// the rows beside it, and the tests can compute them by themselves.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "generate/step_decoder.h"

namespace escuta::generate {

class FakeDecoder : public StepDecoder {
 public:
  explicit FakeDecoder(int64_t vocabulary, uint64_t model = 1)
      : vocabulary_(vocabulary), model_(model) {}

  Result<engine::Value> feed(std::span<const int32_t> tokens, int64_t rows,
                             std::span<const int64_t> positions) override {
    ++feeds;
    rows_fed += rows;
    const size_t n = tokens.size() / static_cast<size_t>(rows);
    if (fed_.empty()) fed_.resize(static_cast<size_t>(rows));
    EXPECT_EQ(fed_.size(), static_cast<size_t>(rows));
    const auto wanted = static_cast<int64_t>(positions.size());
    ASSIGN_OR_RETURN(Tensor logits, Tensor::create(DType::kFloat, {rows, wanted, vocabulary_}));
    float* dst = logits.as<float>().data();
    for (size_t row = 0; row < fed_.size(); ++row) {
      const std::vector<int32_t> before = fed_[row];
      for (size_t i = 0; i < n; ++i) fed_[row].push_back(tokens[row * n + i]);
      for (const int64_t position : positions) {
        const auto seen = static_cast<int64_t>(before.size()) + position + 1;
        const std::vector<float> next = logits_after({fed_[row].begin(), fed_[row].begin() + seen});
        dst = std::copy(next.begin(), next.end(), dst);
      }
    }
    return engine::Value::of(std::move(logits));
  }

  Status take_rows(std::span<const int64_t> rows) override {
    std::vector<std::vector<int32_t>> taken;
    for (const int64_t row : rows) taken.push_back(fed_.at(static_cast<size_t>(row)));
    fed_ = std::move(taken);
    return Status();
  }

  // Numbers from -3 to 3 that look random.
  virtual std::vector<float> logits_after(const std::vector<int32_t>& tokens) const {
    uint64_t hash = model_;
    for (const int32_t token : tokens) hash = mixed(hash ^ static_cast<uint64_t>(token + 1));
    std::vector<float> logits(static_cast<size_t>(vocabulary_));
    for (float& x : logits) {
      hash = mixed(hash);
      x = static_cast<float>(hash >> 40) * 0x1p-24f * 6 - 3;
    }
    return logits;
  }

  int feeds = 0;
  int64_t rows_fed = 0;

 private:
  static uint64_t mixed(uint64_t x) {
    x = (x ^ (x >> 31)) * 0x7fb5d329728ea185 + 0x9e3779b97f4a7c15;
    return (x ^ (x >> 27)) * 0x81dadef4bc2dd44d;
  }
  int64_t vocabulary_;
  uint64_t model_;
  std::vector<std::vector<int32_t>> fed_;
};

}  // namespace escuta::generate
