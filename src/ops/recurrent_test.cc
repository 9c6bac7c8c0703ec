// Recurrent layers where the conformance suite does not reach: directions, ragged batches,
// refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using Strings = std::vector<std::string>;

// Reproducible values around 0.
Datum wave(const Shape& shape, float step) {
  std::vector<float> values(static_cast<size_t>(shape.count()));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = std::sin(step * static_cast<float>(i + 1));
  }
  return tensor(shape, values);
}

// One sequence of a batch [steps, batch, size].
Datum sequence_of(const Datum& x, int64_t b, int64_t steps) {
  const int64_t batch = x.shape()[1], size = x.shape()[2];
  std::vector<float> values;
  for (int64_t t = 0; t < steps; ++t) {
    for (int64_t i = 0; i < size; ++i) {
      values.push_back(x.as<float>()[static_cast<size_t>((t * batch + b) * size + i)]);
    }
  }
  return tensor<float>({steps, 1, size}, values);
}

struct Layer {
  const char* name;
  int64_t gates;
};

class Recurrent : public testing::TestWithParam<Layer> {};

TEST_P(Recurrent, GivesEachSequenceOfABatchWhatItGetsAlone) {
  const auto [name, gates] = GetParam();
  constexpr int64_t kSteps = 5, kBatch = 3, kInput = 4, kHidden = 3;
  const Datum x = wave({kSteps, kBatch, kInput}, 0.7F);
  const Datum w = wave({2, gates * kHidden, kInput}, 0.9F);
  const Datum r = wave({2, gates * kHidden, kHidden}, 1.1F);
  const Datum bias = wave({2, 2 * gates * kHidden}, 0.3F);
  const std::vector<int32_t> lengths = {2, 5, 3};
  TestNode node("", name, 14, 5, 2);
  node.set("direction", "bidirectional");
  const auto all = node.run({x, w, r, bias, tensor<int32_t>({kBatch}, lengths)});
  ASSERT_TRUE(all.ok()) << all.status().to_string();
  for (int64_t b = 0; b < kBatch; ++b) {
    const int64_t steps = lengths[static_cast<size_t>(b)];
    TestNode alone_node("", name, 14, 4, 2);
    alone_node.set("direction", "bidirectional");
    const auto alone = alone_node.run({sequence_of(x, b, steps), w, r, bias});
    ASSERT_TRUE(alone.ok()) << alone.status().to_string();
    for (int64_t d = 0; d < 2; ++d) {
      for (int64_t i = 0; i < kHidden; ++i) {
        for (int64_t t = 0; t < kSteps; ++t) {
          const auto at = static_cast<size_t>(((t * 2 + d) * kBatch + b) * kHidden + i);
          const auto from = static_cast<size_t>((t * 2 + d) * kHidden + i);
          EXPECT_FLOAT_EQ(all->at(0).as<float>()[at],
                          t < steps ? alone->at(0).as<float>()[from] : 0);
        }
        EXPECT_FLOAT_EQ(all->at(1).as<float>()[static_cast<size_t>((d * kBatch + b) * kHidden + i)],
                        alone->at(1).as<float>()[static_cast<size_t>(d * kHidden + i)]);
      }
    }
  }
}

TEST_P(Recurrent, RefusesWhatDoesNotFit) {
  const auto [name, gates] = GetParam();
  const Datum x = wave({2, 1, 4}, 0.7F), w = wave({1, gates * 3, 4}, 0.9F);
  const Datum r = wave({1, gates * 3, 3}, 1.1F);
  const auto code = [&](const TestNode& node, std::vector<Datum> inputs) {
    return node.run(inputs).status().code();
  };
  const auto invalid = StatusCode::kInvalidArgument;
  const TestNode plain("", name, 14, 5, 2);
  EXPECT_EQ(code(plain, {x, w, r, {}, {}}), StatusCode::kOk);
  EXPECT_EQ(code(plain, {w, x, r, {}, {}}), invalid);
  EXPECT_EQ(code(plain, {x, r, w, {}, {}}), invalid);
  EXPECT_EQ(code(plain, {x, w, r, wave({1, 3}, 1), {}}), invalid);
  for (const int32_t length : {-1, 3, INT32_MAX}) {
    EXPECT_EQ(code(plain, {x, w, r, {}, tensor<int32_t>({1}, {length})}), invalid);
  }
  EXPECT_EQ(code(plain, {x, w, r, {}, tensor<int64_t>({1}, {2})}), invalid);
  TestNode hidden("", name, 14, 3, 2), direction("", name, 14, 3, 2), names("", name, 14, 3, 2);
  hidden.set("hidden_size", 4);
  direction.set("direction", "sideways");
  names.set("activations", Strings(4, "Sine"));
  for (const TestNode* node : {&hidden, &direction, &names}) {
    EXPECT_EQ(code(*node, {x, w, r}), invalid);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Recurrent,
                         testing::Values(Layer{"RNN", 1}, Layer{"GRU", 3}, Layer{"LSTM", 4}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Rnn, KnowsEveryActivation) {
  const std::vector<std::pair<const char*, float>> expected = {
      {"Relu", 0.5F},
      {"tanh", std::tanh(0.5F)},
      {"Sigmoid", 1 / (1 + std::exp(-0.5F))},
      {"Affine", 0.5F * 0.3F + 0.1F},
      {"LeakyRelu", 0.5F},
      {"ThresholdedRelu", 0.5F},
      {"ScaledTanh", 0.3F * std::tanh(0.1F * 0.5F)},
      {"HardSigmoid", 0.25F},
      {"Elu", 0.5F},
      {"Softsign", 0.5F / 1.5F},
      {"Softplus", std::log1p(std::exp(0.5F))},
  };
  for (const auto& [name, value] : expected) {
    TestNode node("", "RNN", 14, 3, 2);
    node.set("activations", Strings{name})
        .set("activation_alpha", std::vector<float>{0.3F})
        .set("activation_beta", std::vector<float>{0.1F});
    const Datum one = tensor<float>({1, 1, 1}, {1});
    const auto y = node.run({one, tensor<float>({1, 1, 1}, {0.5F}), one});
    ASSERT_TRUE(y.ok()) << name << y.status().to_string();
    EXPECT_FLOAT_EQ(y->front().as<float>()[0], value) << name;
  }
}

TEST(DynamicQuantizeLstm, IsCloseToTheLstmOfItsWeights) {
  constexpr int64_t kInput = 6, kHidden = 5, kWidth = 4 * kHidden;
  const Datum x = wave({7, 1, kInput}, 0.7F), bias = wave({1, 2 * kWidth}, 0.3F);
  // Weights [depth, width] of int8 with scale 1/128, and the same in float as [width, depth].
  const auto weights = [](int64_t depth, int step) {
    std::vector<int8_t> bytes(static_cast<size_t>(depth * kWidth));
    std::vector<float> floats(bytes.size());
    for (int64_t k = 0; k < depth; ++k) {
      for (int64_t j = 0; j < kWidth; ++j) {
        const int value = static_cast<int>((k * kWidth + j) * step % 251) - 125;
        bytes[static_cast<size_t>(k * kWidth + j)] = static_cast<int8_t>(value + 1);
        floats[static_cast<size_t>(j * depth + k)] = static_cast<float>(value) / 128;
      }
    }
    return std::pair(tensor<int8_t>({1, depth, kWidth}, bytes),
                     tensor<float>({1, kWidth, depth}, floats));
  };
  const auto [wq, w] = weights(kInput, 37);
  const auto [rq, r] = weights(kHidden, 53);
  const Datum scale = tensor<float>({1}, {1.0F / 128}), zero = tensor<int8_t>({1}, {1});
  const auto found = TestNode("com.microsoft", "DynamicQuantizeLSTM", 1, 12, 3)
                         .run({x, wq, rq, bias, {}, {}, {}, {}, scale, zero, scale, zero});
  const auto expected = TestNode("", "LSTM", 14, 4, 3).run({x, w, r, bias});
  ASSERT_TRUE(found.ok() && expected.ok()) << found.status().to_string();
  for (size_t output = 0; output < 3; ++output) {
    EXPECT_EQ(found->at(output).shape(), expected->at(output).shape());
    EXPECT_THAT(
        elements<float>(found->at(output)),
        testing::Pointwise(testing::FloatNear(0.02F), elements<float>(expected->at(output))));
  }
}

}  // namespace
}  // namespace escuta::ops
