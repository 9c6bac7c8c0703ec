// Runs that end early, in the background, and several at once.
#include <escuta/runtime.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "runtime/test_models.h"

namespace escuta::api {
namespace {

using namespace testing;  // NOLINT: the models
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

Options cpu() {
  Options options;
  options.providers = {"cpu"};
  return options;
}

Runtime load(const onnx::Model& model, const Options& options = cpu()) {
  return Runtime::load(file_of(model), options).value();
}

Inputs turns(int64_t count) { return {{"turns", Tensor::of<int64_t>({}, {count}).value()}}; }
constexpr int64_t kForever = int64_t{1} << 60;

// [rows, width] with values that begin at `first`.
Tensor ramp(int64_t rows, int64_t width, float first) {
  std::vector<float> values(static_cast<size_t>(rows * width));
  for (size_t i = 0; i < values.size(); ++i) values[i] = first + 0.37f * static_cast<float>(i);
  return Tensor::of<float>({rows, width}, std::span<const float>(values)).value();
}

std::vector<float> floats_of(const Result<Outputs>& outputs, size_t i = 0) {
  EXPECT_TRUE(outputs.ok()) << outputs.status().to_string();
  if (!outputs.ok()) return {};
  const auto values = outputs->tensor(i)->values<float>().value();
  return {values.begin(), values.end()};
}

void expect_batch_equals_singles(const Runtime& runtime, std::span<const Inputs> items,
                                 Batching batching) {
  const auto batch = runtime.run_batch(items, {}, batching);
  ASSERT_EQ(batch.size(), items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    const auto single = runtime.run(items[i]);
    ASSERT_EQ(single.ok(), batch[i].ok()) << i;
    if (!single.ok()) {
      EXPECT_EQ(single.status().message(), batch[i].status().message());
      continue;
    }
    ASSERT_EQ(single->size(), batch[i]->size());
    for (size_t k = 0; k < single->size(); ++k) {
      const auto a = single->tensor(k)->shape(), b = batch[i]->tensor(k)->shape();
      EXPECT_EQ(Dims(a.begin(), a.end()), Dims(b.begin(), b.end()));
      const auto x = floats_of(single, k), y = floats_of(batch[i], k);
      ASSERT_EQ(x.size(), y.size());
      for (size_t j = 0; j < x.size(); ++j) EXPECT_NEAR(x[j], y[j], 1e-6f * std::abs(x[j]));
    }
  }
}

TEST(RuntimeControl, CancelledFromAnotherThread) {
  const Runtime runtime = load(loop_model());
  EXPECT_EQ(floats_of(runtime.run(turns(5)))[0], 5.0f);
  RunOptions options;
  options.cancellation.emplace();
  std::thread other([switch_off = *options.cancellation] {
    std::this_thread::sleep_for(milliseconds(30));
    switch_off.cancel();
  });
  EXPECT_EQ(runtime.run(turns(kForever), options).status().code(), Code::kCancelled);
  other.join();
  EXPECT_EQ(runtime.run(turns(5), options).status().code(), Code::kCancelled);  // stays on
  EXPECT_EQ(floats_of(runtime.run(turns(7)))[0], 7.0f);
}

TEST(RuntimeControl, DeadlineEndsARun) {
  const Runtime runtime = load(loop_model());
  RunOptions options;
  const auto begin = steady_clock::now();
  options.deadline = begin + milliseconds(30);
  EXPECT_EQ(runtime.run(turns(kForever), options).status().code(), Code::kDeadlineExceeded);
  EXPECT_GE(steady_clock::now(), begin + milliseconds(30));
  EXPECT_EQ(runtime.run(turns(1), options).status().code(), Code::kDeadlineExceeded);  // is past
  options.deadline = steady_clock::now() + std::chrono::hours(1);
  EXPECT_TRUE(runtime.run(turns(1), options).ok());
}

TEST(RuntimeAsync, EqualsSync) {
  const Runtime runtime = load(affine_model());
  std::vector<std::future<Result<Outputs>>> futures;
  for (int i = 0; i < 50; ++i) {
    futures.push_back(runtime.run_async({ramp(i % 4 + 1, 3, static_cast<float>(i))}));
  }
  for (int i = 0; i < 50; ++i) {
    const auto sync = runtime.run({ramp(i % 4 + 1, 3, static_cast<float>(i))});
    EXPECT_EQ(floats_of(futures[static_cast<size_t>(i)].get()), floats_of(sync));
  }
  EXPECT_EQ(runtime.run_async({{"X", ramp(1, 3, 0)}}).get().status().code(),
            Code::kInvalidArgument);
}

TEST(RuntimeAsync, CallbackMayRunAndClose) {
  std::promise<float> seen;
  const Runtime runtime = load(affine_model());
  const Status status = runtime.run_async({ramp(1, 3, 1)}, {}, [&](Result<Outputs> outputs) {
    const auto again = runtime.run({*outputs->tensor("same")});
    runtime.close();
    seen.set_value(floats_of(again)[0] - floats_of(outputs)[0]);
  });
  ASSERT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(seen.get_future().get(), 0.0f);
  EXPECT_EQ(runtime.run({ramp(1, 3, 1)}).status().code(), Code::kFailedPrecondition);
}

TEST(RuntimeAsync, FullQueueIsSaid) {
  Options options = cpu();
  options.async_workers = 1;
  options.async_queue = 1;
  const Runtime runtime = load(loop_model(), options);
  RunOptions control;
  control.cancellation.emplace();
  auto running = runtime.run_async(turns(kForever), control);
  // With one worker and room for one, of three more at least one finds no room.
  std::vector<std::future<Result<Outputs>>> more;
  for (int i = 0; i < 3; ++i) more.push_back(runtime.run_async(turns(3), control));
  const auto last = more.back().get();
  EXPECT_EQ(last.status().code(), Code::kResourceExhausted);
  EXPECT_THAT(last.status().message(), HasSubstr("expected at most 1 runs to wait"));
  control.cancellation->cancel();
  EXPECT_EQ(running.get().status().code(), Code::kCancelled);
}

TEST(RuntimeAsync, ClosingGivesBackWhatWaits) {
  Options options = cpu();
  options.async_workers = 1;
  RunOptions control;
  control.cancellation.emplace();
  std::future<Result<Outputs>> running, waiting;
  std::thread other;
  {
    const Runtime runtime = load(loop_model(), options);
    running = runtime.run_async(turns(kForever), control);
    waiting = runtime.run_async(turns(3));
    other = std::thread([&] {
      EXPECT_EQ(waiting.get().status().code(), Code::kCancelled);
      control.cancellation->cancel();  // only now can the one under way end
    });
  }
  EXPECT_EQ(running.get().status().code(), Code::kCancelled);
  other.join();
}

TEST(RuntimeBatch, EqualsSingleRuns) {
  const Runtime runtime = load(affine_model());
  std::vector<Inputs> items;
  for (int i = 0; i < 90; ++i) items.push_back({ramp(i % 5, 3, static_cast<float>(i))});
  items.push_back({{"X", ramp(1, 3, 0)}});  // no such input
  items.push_back({ramp(1, 4, 0)});         // wrong width
  items.push_back({ramp(1, 4, 9)});
  items.push_back({});
  for (const Batching batching : {Batching::kAuto, Batching::kRows, Batching::kSeparate}) {
    expect_batch_equals_singles(runtime, items, batching);
  }
  EXPECT_TRUE(runtime.run_batch({}).empty());
}

// That rows are joined at all shows where they mix.
TEST(RuntimeBatch, JoinsOnlyWhereTheModelOrTheCallerSaysSo) {
  const std::vector<Inputs> items = {{ramp(2, 2, 0)}, {ramp(3, 2, 1)}};
  const Runtime frames = load(column_model("frames"));
  expect_batch_equals_singles(frames, items, Batching::kAuto);
  const Runtime named = load(column_model("batch_size"));
  const auto column_sum = [](const Result<Outputs>& outputs) {
    const auto values = floats_of(outputs);
    float sum = 0;
    for (size_t i = 0; i < values.size(); i += 2) sum += values[i];
    return sum;
  };
  EXPECT_NEAR(column_sum(frames.run_batch(items)[0]), 1.0f, 1e-5f);
  EXPECT_LT(column_sum(frames.run_batch(items, {}, Batching::kRows)[0]), 0.9f);
  EXPECT_LT(column_sum(named.run_batch(items)[0]), 0.9f);
  EXPECT_NEAR(column_sum(named.run_batch(items, {}, Batching::kSeparate)[0]), 1.0f, 1e-5f);
}

TEST(RuntimeBatch, OutputsCanBeChosenAndRunsCancelled) {
  const Runtime runtime = load(affine_model());
  const std::vector<Inputs> items = {{ramp(1, 3, 0)}, {ramp(2, 3, 5)}};
  RunOptions options;
  options.outputs = {"same"};
  const auto batch = runtime.run_batch(items, options);
  ASSERT_TRUE(batch[1].ok());
  EXPECT_EQ(batch[1]->size(), 1u);
  EXPECT_EQ(floats_of(batch[1]).size(), 6u);
  options.cancellation.emplace();
  options.cancellation->cancel();
  for (const auto& result : runtime.run_batch(items, options)) {
    EXPECT_EQ(result.status().code(), Code::kCancelled);
  }
  options = {};
  options.outputs = {"z"};
  for (const auto& result : runtime.run_batch(items, options)) {
    EXPECT_EQ(result.status().code(), Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace escuta::api
