// Loop and Scan with bodies that are C++ functions: what the conformance suite does not reach.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/test_node.h"

namespace escuta::ops {
namespace {

using testing::ElementsAre;

using BodyFunction = std::function<Status(std::span<const Datum>, std::span<Datum>)>;

// Memory on the heap, and a function for the body.
class BodyCall final : public Call {
 public:
  BodyCall(std::vector<Datum> inputs, size_t outputs, BodyFunction body)
      : data_(std::move(inputs)), results(outputs), body_(std::move(body)) {
    for (const Datum& input : data_) input_list_.push_back(input.is_none() ? nullptr : &input);
    for (Datum& result : results) output_list_.push_back(&result);
    inputs_ = input_list_;
    outputs_ = output_list_;
  }
  Result<std::byte*> allocate(size_t i, DType dtype, const Shape& shape) override {
    ASSIGN_OR_RETURN(results[i], Datum::create(dtype, shape));
    return results[i].mutable_bytes();
  }
  Result<std::byte*> scratch(size_t bytes) override {
    ASSIGN_OR_RETURN(Buffer buffer, Buffer::allocate(bytes));
    scratch_.push_back(buffer);
    return buffer.data();
  }
  Status run_body(int, std::span<const Datum> inputs, std::span<Datum> outputs) override {
    ++runs;
    return body_(inputs, outputs);
  }
  Status check_cancelled() const override {
    return runs < limit ? Status() : cancelled("enough iterations");
  }
  std::mt19937_64& random() override { return random_; }

 private:
  std::vector<Datum> data_;

 public:
  std::vector<Datum> results;
  int runs = 0;
  int limit = 1 << 20;

 private:
  BodyFunction body_;
  std::vector<const Datum*> input_list_;
  std::vector<Datum*> output_list_;
  std::vector<Buffer> scratch_;
  std::mt19937_64 random_;
};

graph::Fact fact_of(DType dtype, std::optional<Dims> shape = std::nullopt) {
  graph::Fact fact;
  fact.dtype = dtype;
  fact.shape = std::move(shape);
  return fact;
}

// A graph without nodes that has these inputs and outputs.
graph::GraphPtr interface(const std::vector<graph::Fact>& inputs,
                          const std::vector<graph::Fact>& outputs) {
  auto graph = std::make_shared<graph::Graph>();
  const auto add = [&](const graph::Fact& fact) {
    graph::Value value;
    value.name = "v" + std::to_string(graph->values().size());
    value.fact = fact;
    return graph->add_value(std::move(value));
  };
  for (const graph::Fact& fact : inputs) graph->inputs.push_back(add(fact));
  for (const graph::Fact& fact : outputs) graph->outputs.push_back(add(fact));
  return graph;
}

const graph::Fact kInt = fact_of(DType::kInt64, Dims());
const graph::Fact kBool = fact_of(DType::kBool, Dims());
const graph::Fact kFloat = fact_of(DType::kFloat);

Datum yes() { return tensor<bool>(Shape(), {true}); }
Datum one(float value) { return tensor<float>(Shape({1}), {value}); }
Datum trips(int64_t count) { return tensor<int64_t>(Shape(), {count}); }

TestNode loop(size_t inputs, size_t outputs, const std::vector<graph::Fact>& body_inputs,
              const std::vector<graph::Fact>& body_outputs) {
  TestNode node("", "Loop", 13, inputs, outputs);
  node.set("body", interface(body_inputs, body_outputs));
  return node;
}

Status count_up(std::span<const Datum> inputs, std::span<Datum> outputs) {
  outputs[0] = yes();
  outputs[1] = one(inputs[2].as<float>()[0] + 1);
  outputs[2] = outputs[1];
  return {};
}

TEST(Loop, StacksManyIterations) {
  const auto kernel = loop(3, 2, {kInt, kBool, kFloat}, {kBool, kFloat, kFloat}).create().value();
  BodyCall call({trips(10000), Datum(), one(0)}, 2, count_up);
  ASSERT_TRUE(kernel->run(call).ok());
  EXPECT_THAT(elements<float>(call.results[0]), ElementsAre(10000));
  EXPECT_EQ(call.results[1].shape(), Shape({10000, 1}));
  EXPECT_EQ(call.results[1].as<float>()[4999], 5000);
}

TEST(Loop, StopsWhenAsked) {
  const auto kernel = loop(3, 2, {kInt, kBool, kFloat}, {kBool, kFloat, kFloat}).create().value();
  BodyCall call({trips(std::numeric_limits<int64_t>::max()), Datum(), one(0)}, 2, count_up);
  call.limit = 7;
  EXPECT_EQ(kernel->run(call).code(), StatusCode::kCancelled);
  EXPECT_EQ(call.runs, 7);
}

TEST(Loop, RefusesToRunForEver) {
  const auto kernel = loop(3, 2, {kInt, kBool, kFloat}, {kBool, kFloat, kFloat}).create().value();
  BodyCall call({Datum(), Datum(), one(0)}, 2, count_up);
  EXPECT_EQ(kernel->run(call).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(call.runs, 0);
}

TEST(Loop, WithoutIterationsGivesWhatIsDeclared) {
  const auto declared = fact_of(DType::kFloat, Dims{Dim(int64_t{3}), Dim("n")});
  const auto node = loop(3, 2, {kInt, kBool, kFloat}, {kBool, kFloat, declared});
  const auto kernel = node.create().value();
  for (const int64_t count : {int64_t{0}, int64_t{-5}}) {
    BodyCall call({trips(count), Datum(), one(4)}, 2, count_up);
    ASSERT_TRUE(kernel->run(call).ok());
    EXPECT_THAT(elements<float>(call.results[0]), ElementsAre(4));
    EXPECT_EQ(call.results[1].shape(), Shape({0, 3, 0}));
  }
  // So nothing else may be promised.
  const auto facts = node.infer({kInt, kBool, kFloat}, [&](auto, auto) {
    return std::vector<graph::Fact>{kBool, kFloat,
                                    fact_of(DType::kFloat, Dims{Dim(int64_t{3}), Dim(int64_t{5})})};
  });
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ((*facts)[1].shape, (Dims{Dim(), Dim(int64_t{3}), Dim()}));
}

TEST(Loop, KeepsTheTypeOfItsState) {
  const auto kernel = loop(3, 1, {kInt, kBool, kFloat}, {kBool, kFloat}).create().value();
  BodyCall call({trips(3), Datum(), one(0)}, 1, [](auto, std::span<Datum> outputs) {
    outputs[0] = yes();
    outputs[1] = trips(1);
    return Status();
  });
  EXPECT_EQ(kernel->run(call).code(), StatusCode::kInvalidArgument);
}

TEST(Loop, RefusesBodiesThatDoNotFit) {
  EXPECT_EQ(loop(3, 2, {kInt, kBool}, {kBool, kFloat, kFloat}).create_status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(loop(3, 2, {kInt}, {kBool}).create_status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(TestNode("", "Loop", 13, 3).create_status().code(), StatusCode::kInvalidArgument);
}

TEST(Loop, WantsEqualScanOutputs) {
  const auto kernel = loop(2, 1, {kInt, kBool}, {kBool, kFloat}).create().value();
  BodyCall call(
      {trips(3), Datum()}, 1, [](std::span<const Datum> inputs, std::span<Datum> outputs) {
        const int64_t i = inputs[0].as<int64_t>()[0];
        outputs[0] = yes();
        outputs[1] = tensor<float>(Shape({i}), std::vector<float>(static_cast<size_t>(i)));
        return Status();
      });
  EXPECT_EQ(kernel->run(call).code(), StatusCode::kInvalidArgument);
}

Status add_up(std::span<const Datum> inputs, std::span<Datum> outputs) {
  outputs[0] = one(inputs[0].as<float>()[0] + inputs[1].as<float>()[0]);
  outputs[1] = outputs[0];
  return {};
}

TEST(Scan, Version8StopsAtEachSequencesEnd) {
  TestNode node("", "Scan", 8, 3, 2);
  node.set("body", interface({kFloat, kFloat}, {kFloat, kFloat}));
  node.set("num_scan_inputs", 1).set("directions", std::vector<int64_t>{1});
  const auto kernel = node.create().value();
  BodyCall call({tensor<int64_t>(Shape({2}), {2, 0}), tensor<float>(Shape({2, 1}), {10, 20}),
                 tensor<float>(Shape({2, 3, 1}), {1, 2, 3, 4, 5, 6})},
                2, add_up);
  ASSERT_TRUE(kernel->run(call).ok());
  EXPECT_THAT(elements<float>(call.results[0]), ElementsAre(13, 20));
  EXPECT_EQ(call.results[1].shape(), Shape({2, 3, 1}));
  EXPECT_THAT(elements<float>(call.results[1]), ElementsAre(12, 13, 0, 0, 0, 0));
}

TEST(Scan, RefusesWhatDoesNotFit) {
  TestNode node("", "Scan", 11, 2, 2);
  node.set("body", interface({kFloat, kFloat}, {kFloat, kFloat})).set("num_scan_inputs", 1);
  node.set("scan_input_axes", std::vector<int64_t>{-3});
  const auto kernel = node.create().value();
  BodyCall call({one(0), tensor<float>(Shape({2, 1}), {1, 2})}, 2, add_up);
  EXPECT_EQ(kernel->run(call).code(), StatusCode::kInvalidArgument);

  TestNode many("", "Scan", 11, 2, 2);
  many.set("body", interface({kFloat, kFloat}, {kFloat, kFloat})).set("num_scan_inputs", 3);
  EXPECT_EQ(many.create_status().code(), StatusCode::kInvalidArgument);
}

TEST(Scan, GathersSlicesOfPackedElements) {
  TestNode node("", "Scan", 21, 1, 1);
  const auto nibble = fact_of(DType::kUint4);
  node.set("body", interface({nibble}, {nibble})).set("num_scan_inputs", 1);
  node.set("scan_input_axes", std::vector<int64_t>{1});
  const auto kernel = node.create().value();
  Datum input = Datum::create(DType::kUint4, Shape({3, 3})).value();
  std::fill_n(input.mutable_bytes(), input.byte_size(), std::byte{0});
  input.mutable_bytes()[0] = std::byte{0x21};  // rows 1 2 3, 4 5 6, 7 8 9
  input.mutable_bytes()[1] = std::byte{0x43};
  input.mutable_bytes()[2] = std::byte{0x65};
  input.mutable_bytes()[3] = std::byte{0x87};
  input.mutable_bytes()[4] = std::byte{0x09};
  BodyCall call({input}, 1, [](std::span<const Datum> inputs, std::span<Datum> outputs) {
    outputs[0] = inputs[0].to_owned().value();
    return Status();
  });
  ASSERT_TRUE(kernel->run(call).ok());  // the transposed matrix: 1 4 7, 2 5 8, 3 6 9
  ASSERT_EQ(call.results[0].byte_size(), 5);
  const auto* bytes = reinterpret_cast<const uint8_t*>(call.results[0].bytes());
  EXPECT_THAT(std::vector<int>(bytes, bytes + 5), ElementsAre(0x41, 0x27, 0x85, 0x63, 0x09));
}

TEST(SequenceMap, WantsSequencesOfOneLength) {
  TestNode node("", "SequenceMap", 17, 2);
  node.set("body", interface({kFloat, kFloat}, {kFloat}));
  const auto kernel = node.create().value();
  const auto sequence = [](size_t count) {
    auto made = std::make_shared<Sequence>();
    made->dtype = DType::kFloat;
    made->items.assign(count, one(1));
    return Datum::of(std::shared_ptr<const Sequence>(std::move(made)));
  };
  BodyCall call({sequence(2), sequence(3)}, 1, [](auto inputs, std::span<Datum> outputs) {
    outputs[0] = inputs[0];
    return Status();
  });
  EXPECT_EQ(kernel->run(call).code(), StatusCode::kInvalidArgument);
  BodyCall fits({sequence(2), one(3)}, 1, [](auto inputs, std::span<Datum> outputs) {
    outputs[0] = inputs[1];
    return Status();
  });
  ASSERT_TRUE(kernel->run(fits).ok());
  EXPECT_EQ(fits.results[0].sequence().items.size(), 2);
}

}  // namespace
}  // namespace escuta::ops
