// Loading, what is told of a model, single runs, errors.
#include <escuta/runtime.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "runtime/test_models.h"

namespace escuta::api {
namespace {

using namespace testing;  // NOLINT: the models
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

Options cpu() {
  Options options;
  options.providers = {"cpu"};
  return options;
}

Runtime load(const onnx::Model& model, const Options& options = cpu()) {
  return Runtime::load(file_of(model), options).value();
}

Tensor row(float a, float b, float c) { return Tensor::of<float>({1, 3}, {a, b, c}).value(); }

template <typename T>
std::vector<T> list(const Tensor& tensor) {
  const auto values = tensor.values<T>();
  EXPECT_TRUE(values.ok()) << values.status().to_string();
  return values.ok() ? std::vector<T>(values->begin(), values->end()) : std::vector<T>();
}

void expect_error(const Status& status, Code code, const std::string& text) {
  EXPECT_EQ(status.code(), code) << status.to_string();
  EXPECT_THAT(status.message(), HasSubstr(text));
}

TEST(Runtime, RunsByNameAndByPosition) {
  const Runtime runtime = load(affine_model());
  const auto by_name = runtime.run({{"x", row(1, 2, 3)}});
  ASSERT_TRUE(by_name.ok()) << by_name.status().to_string();
  ASSERT_EQ(by_name->size(), 2u);
  EXPECT_EQ(by_name->name(0), "y");
  EXPECT_THAT(list<float>(*by_name->tensor("y")), ElementsAre(22.5f, 27.5f));
  EXPECT_THAT(by_name->tensor("y")->shape(), ElementsAre(1, 2));
  const auto by_position = runtime.run({row(1, 2, 3)});
  EXPECT_THAT(list<float>(*by_position->tensor(0)), ElementsAre(22.5f, 27.5f));
  EXPECT_THAT(list<float>(*by_position->tensor(1)), ElementsAre(1, 2, 3));
}

TEST(Runtime, GivesTheOutputsThatAreWantedInTheirOrder) {
  const Runtime runtime = load(affine_model());
  RunOptions options;
  options.outputs = {"same", "y"};
  const auto both = runtime.run({row(1, 2, 3)}, options);
  EXPECT_EQ(both->name(0), "same");
  EXPECT_THAT(list<float>(*both->tensor(0)), ElementsAre(1, 2, 3));
  options.outputs = {"same"};
  EXPECT_EQ(runtime.run({row(1, 2, 3)}, options)->size(), 1u);
  options.outputs = {"z"};
  expect_error(runtime.run({row(1, 2, 3)}, options).status(), Code::kInvalidArgument,
               "expected one of the outputs `y`, `same`, found `z`");
  options.outputs = {"y", "y"};
  expect_error(runtime.run({row(1, 2, 3)}, options).status(), Code::kInvalidArgument, "twice");
}

TEST(Runtime, OutputsNeverPointIntoBorrowedMemory) {
  const Runtime runtime = load(affine_model());
  std::vector<float> memory = {0, 1, 2, 3};
  const std::span<const float> part(memory.data() + 1, 3);  // not aligned to a cache line
  const auto input = Tensor::borrow<float>({1, 3}, part);
  ASSERT_TRUE(input.ok());
  EXPECT_EQ(static_cast<const void*>(input->bytes().data()), part.data());
  const auto outputs = runtime.run({{"x", *input}});
  ASSERT_TRUE(outputs.ok()) << outputs.status().to_string();
  memory.assign(4, -1);
  EXPECT_THAT(list<float>(*outputs->tensor("same")), ElementsAre(1, 2, 3));
  EXPECT_THAT(list<float>(*outputs->tensor("y")), ElementsAre(22.5f, 27.5f));
}

TEST(Runtime, TellsWhatTheModelIs) {
  const Runtime runtime = load(affine_model());
  const Metadata metadata = runtime.metadata();
  EXPECT_EQ(metadata.producer_name, "test");
  EXPECT_EQ(metadata.producer_version, "2.1");
  EXPECT_EQ(metadata.graph_name, "made");
  EXPECT_EQ(metadata.ir_version, 8);
  EXPECT_THAT(metadata.opsets, ElementsAre(Pair("", 17), Pair("ai.onnx.ml", 3)));
  EXPECT_THAT(metadata.custom, ElementsAre(Pair("classes", "cat,dog")));
  ASSERT_EQ(metadata.inputs.size(), 1u);
  const Port& x = metadata.inputs[0];
  EXPECT_EQ(x.name, "x");
  EXPECT_EQ(x.dtype, DType::kFloat);
  EXPECT_THAT(x.dims, ElementsAre(-1, 3));
  EXPECT_THAT(x.symbols, ElementsAre("batch", ""));
  EXPECT_EQ(x.type, "float [batch, 3]");
  ASSERT_EQ(metadata.outputs.size(), 2u);
  EXPECT_EQ(metadata.outputs[1].name, "same");
  const auto placements = runtime.placements();
  ASSERT_EQ(placements.size(), 1u);
  EXPECT_EQ(placements[0].provider, "cpu");
  EXPECT_EQ(placements[0].nodes, 3);
}

TEST(Runtime, RunsWithoutPassesAndFastKernels) {
  Options plain = cpu();
  plain.passes_off = {"all"};
  plain.fast_kernels = false;
  plain.threads = 1;
  const Runtime runtime = load(affine_model(), plain);
  EXPECT_THAT(list<float>(*runtime.run({row(1, 2, 3)})->tensor()), ElementsAre(22.5f, 27.5f));
}

TEST(Runtime, SequencesGoInAndOut) {
  const Runtime runtime = load(sequence_model());
  const std::vector<float> memory = {5, 6};
  const std::vector<Tensor> items = {Tensor::of<float>({1}, {4}).value(),
                                     Tensor::borrow<float>({2}, memory).value()};
  const auto sequence = Value::sequence(DType::kFloat, items);
  ASSERT_TRUE(sequence.ok());
  const auto outputs =
      runtime.run({{"list", *sequence}, {"x", Tensor::of<float>({1}, {7}).value()}});
  ASSERT_TRUE(outputs.ok()) << outputs.status().to_string();
  EXPECT_EQ((*outputs)[0].kind(), Value::Kind::kSequence);
  const std::vector<Value> longer = (*outputs)[0].items();
  ASSERT_EQ(longer.size(), 3u);
  EXPECT_THAT(list<float>(longer[1].tensor()), ElementsAre(5, 6));
  EXPECT_THAT(list<float>(longer[2].tensor()), ElementsAre(7));
  expect_error(outputs->tensor("longer").status(), Code::kInvalidArgument, "expected a tensor");
  expect_error(Value::sequence(DType::kInt64, items).status(), Code::kInvalidArgument,
               "expected tensors of int64, found float");
  EXPECT_EQ(runtime.metadata().inputs[0].dtype, DType::kUndefined);
  EXPECT_THAT(runtime.metadata().inputs[0].type, HasSubstr("seq"));
}

TEST(Runtime, MapsComeOut) {
  const Runtime runtime = load(map_model());
  const auto outputs = runtime.run({Tensor::of<float>({1, 2}, {0.25f, 0.75f}).value()});
  ASSERT_TRUE(outputs.ok()) << outputs.status().to_string();
  const std::vector<Value> rows = (*outputs)[0].items();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].kind(), Value::Kind::kMap);
  EXPECT_THAT(list<std::string>(rows[0].keys()), ElementsAre("cat", "dog"));
  EXPECT_THAT(list<float>(rows[0].map_values()), ElementsAre(0.25f, 0.75f));
  EXPECT_FALSE(rows[0].tensor());
}

template <typename T>
void expect_passes_through(std::vector<T> values) {
  const Runtime runtime = load(identity_model(static_cast<escuta::DType>(dtype_of<T>())));
  const Dims shape = {static_cast<int64_t>(values.size())};
  const auto outputs = runtime.run({Tensor::of<T>(shape, std::span<const T>(values)).value()});
  ASSERT_TRUE(outputs.ok()) << outputs.status().to_string();
  EXPECT_EQ(list<T>(*outputs->tensor()), values);
}

TEST(Runtime, EveryKindOfElement) {
  expect_passes_through<double>({1.5, -2});
  expect_passes_through<int8_t>({-128, 127});
  expect_passes_through<uint8_t>({255});
  expect_passes_through<int16_t>({-32768});
  expect_passes_through<uint16_t>({65535});
  expect_passes_through<int32_t>({INT_MIN});
  expect_passes_through<uint32_t>({UINT_MAX});
  expect_passes_through<int64_t>({LLONG_MIN, 1});
  expect_passes_through<uint64_t>({ULLONG_MAX});
  expect_passes_through<std::complex<float>>({{1, 2}});
  expect_passes_through<std::string>({"", "h\xc3\xb6rt", std::string(100, 'x')});
  expect_passes_through<float>({});
}

TEST(Runtime, HalvesAndPackedElements) {
  EXPECT_EQ(Float16::from(1.5f).value(), 1.5f);
  EXPECT_EQ(BFloat16::from(-2.0f).value(), -2.0f);
  const Runtime runtime = load(identity_model(escuta::DType::kFloat16));
  const auto outputs = runtime.run({Tensor::of<Float16>({1}, {Float16::from(0.1f)}).value()});
  ASSERT_TRUE(outputs.ok()) << outputs.status().to_string();
  EXPECT_NEAR(outputs->tensor()->values<Float16>().value()[0].value(), 0.1f, 1e-4f);
  const std::byte packed[] = {std::byte{0x21}, std::byte{0x03}};
  const auto nibbles = Tensor::of_bytes(DType::kUint4, {3}, packed);
  ASSERT_TRUE(nibbles.ok()) << nibbles.status().to_string();
  EXPECT_EQ(nibbles->count(), 3);
  EXPECT_EQ(nibbles->bytes().size(), 2u);
}

TEST(Runtime, TensorErrors) {
  expect_error(Tensor::of<float>({2, 2}, {1, 2, 3}).status(), Code::kInvalidArgument,
               "expected 16 bytes for float [2, 2], found 12");
  expect_error(Tensor::of<std::string>({2}, {"a"}).status(), Code::kInvalidArgument, "found 1");
  expect_error(Tensor::of<float>({-1}, {1}).status(), Code::kInvalidArgument, "-1");
  EXPECT_FALSE(Tensor::of<float>({INT64_MAX, 8}, {1}).ok());
  EXPECT_FALSE(Tensor::of_bytes(DType::kString, {0}, {}).ok());
  EXPECT_FALSE(Tensor::of_bytes(static_cast<DType>(200), {0}, {}).ok());
  const Tensor tensor = row(1, 2, 3);
  expect_error(tensor.values<double>().status(), Code::kInvalidArgument,
               "expected elements of type double, found float");
  EXPECT_FALSE(Tensor().values<float>().ok());
  EXPECT_EQ(Tensor().count(), 0);
}

TEST(Runtime, InputErrors) {
  const Runtime runtime = load(affine_model());
  const Tensor wrong_type = Tensor::of<double>({1, 3}, {1, 2, 3}).value();
  const Tensor wrong_shape = Tensor::of<float>({3, 1}, {1, 2, 3}).value();
  const auto error = [&](const Inputs& inputs) { return runtime.run(inputs).status(); };
  expect_error(error({{"X", row(1, 2, 3)}}), Code::kInvalidArgument,
               "expected one of the inputs `x`, found `X`");
  expect_error(error({{"x", row(1, 2, 3)}, {"x", row(1, 2, 3)}}), Code::kInvalidArgument, "twice");
  expect_error(error({row(1, 2, 3), row(1, 2, 3)}), Code::kInvalidArgument,
               "expected at most 1 inputs");
  expect_error(error({}), Code::kInvalidArgument, "expected float [batch, 3], found none");
  expect_error(error({wrong_type}), Code::kInvalidArgument, "found double [1, 3]");
  expect_error(error({wrong_shape}), Code::kInvalidArgument, "found float [3, 1]");
  const auto outputs = runtime.run({row(1, 2, 3)});
  expect_error(outputs->tensor("q").status(), Code::kNotFound, "`y`, `same`, found `q`");
  expect_error(outputs->tensor(2).status(), Code::kOutOfRange, "found number 2");
}

TEST(Runtime, LoadErrors) {
  expect_error(Runtime::load("absent.onnx").status(), Code::kNotFound, "absent.onnx");
  const TemporaryFolder folder;
  const auto garbage = Runtime::load(folder.write("garbage.onnx", "not a model"));
  EXPECT_FALSE(garbage.ok());
  Options options;
  options.providers = {"warp"};
  const auto path = file_of(affine_model());
  expect_error(Runtime::load(path, options).status(), Code::kUnavailable, "found `warp`");
  options.providers = {};
  expect_error(Runtime::load(path, options).status(), Code::kInvalidArgument, "provider list");
  options.providers = {"cpu"};
  options.plugins = {"nonsense"};
  EXPECT_FALSE(Runtime::load(path, options).ok());
  onnx::Model odd = affine_model();
  odd.graph.nodes[2].op_type = "NoSuchOperator";
  expect_error(Runtime::load(file_of(odd), cpu()).status(), Code::kUnimplemented, "NoSuchOperator");
}

TEST(Runtime, ProvidersCanBeListedAndSet) {
  const auto providers = list_providers();
  ASSERT_TRUE(providers.ok());
  EXPECT_EQ(providers->front().name, "cpu");
  for (const ProviderInfo& provider : *providers) {
    EXPECT_NE(provider.available, provider.device.empty()) << provider.name;
    EXPECT_NE(provider.available, !provider.reason.empty()) << provider.name;
  }
  const Runtime runtime = load(affine_model());
  expect_error(runtime.set_providers({"warp"}), Code::kUnavailable, "warp");
  EXPECT_EQ(runtime.placements()[0].provider, "cpu");
  ASSERT_TRUE(runtime.set_providers({"warp", "cpu"}).ok());
  const auto placements = runtime.placements();
  ASSERT_EQ(placements.size(), 2u);
  EXPECT_EQ(placements[0].provider, "warp");
  EXPECT_EQ(placements[0].nodes, 0);
  EXPECT_THAT(placements[0].reason, HasSubstr("warp"));
  EXPECT_EQ(placements[1].nodes, 3);
  EXPECT_TRUE(runtime.run({row(1, 2, 3)}).ok());
}

TEST(Runtime, OnnxRuntimeGivesTheSame) {
  const auto providers = list_providers();
  ASSERT_TRUE(providers.ok());
  const auto ort = std::find_if(providers->begin(), providers->end(),
                                [](const ProviderInfo& info) { return info.name == "ort"; });
  if (ort == providers->end() || !ort->available) GTEST_SKIP() << "ONNX Runtime is not here";
  const Runtime runtime = load(affine_model());
  ASSERT_TRUE(runtime.set_providers({"ort"}).ok());
  EXPECT_EQ(runtime.placements()[0].provider, "ort");
  std::vector<float> memory = {1, 2, 3};
  const auto outputs = runtime.run({Tensor::borrow<float>({1, 3}, memory).value()});
  ASSERT_TRUE(outputs.ok()) << outputs.status().to_string();
  memory.assign(3, -1);
  EXPECT_THAT(list<float>(*outputs->tensor("y")), ElementsAre(22.5f, 27.5f));
  EXPECT_THAT(list<float>(*outputs->tensor("same")), ElementsAre(1, 2, 3));
  const std::vector<Inputs> items = {{row(1, 2, 3)}, {row(0, 0, 0)}};
  EXPECT_THAT(list<float>(*runtime.run_batch(items)[1]->tensor("y")), ElementsAre(0.5f, -0.5f));
}

TEST(Runtime, TellsOfTheMachine) {
  const DeviceInfo device = device_info();
  EXPECT_GE(device.cores_available, 1);
  EXPECT_GE(device.cores_online, 1);
  EXPECT_GT(device.memory_total, 0u);
}

TEST(Runtime, MovesAndCloses) {
  Runtime first = load(affine_model());
  Runtime second = std::move(first);
  EXPECT_TRUE(second.run({row(1, 2, 3)}).ok());
  second = load(identity_model(escuta::DType::kFloat));
  EXPECT_EQ(second.metadata().inputs[0].type, "float [n]");
  second.close();
  second.close();
  const Tensor x = row(1, 2, 3);
  expect_error(second.run({x}).status(), Code::kFailedPrecondition, "closed");
  const std::vector<Inputs> items = {{x}, {x}};
  const auto batch = second.run_batch(items);
  ASSERT_EQ(batch.size(), 2u);
  expect_error(batch[1].status(), Code::kFailedPrecondition, "closed");
  expect_error(second.run_async({x}).get().status(), Code::kFailedPrecondition, "closed");
  expect_error(second.set_providers({"cpu"}), Code::kFailedPrecondition, "closed");
  EXPECT_TRUE(second.metadata().inputs.empty());
  EXPECT_TRUE(second.placements().empty());
}

TEST(Runtime, ManyThreadsAtOnce) {
  const Runtime runtime = load(affine_model());
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto x = static_cast<float>(t * 100 + i);
        if (t == 0 && i % 10 == 0) {
          EXPECT_TRUE(runtime.set_providers({"cpu"}).ok());
        }
        const auto outputs = runtime.run({{"x", row(x, 0, 0)}});
        if (outputs.ok() && outputs->tensor()->values<float>().value()[0] == x + 0.5f) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8 * 50);
}

TEST(RuntimeDeathTest, ValueOfAFailedResult) {
  const Result<Runtime> failed = Runtime::load("absent.onnx");
  EXPECT_DEATH((void)failed.value(), "NOT_FOUND.*absent.onnx");
}

}  // namespace
}  // namespace escuta::api
