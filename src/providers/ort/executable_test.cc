// The provider on small models that are made here. Each test skips without ONNX Runtime.
#include "providers/ort/executable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "base/files.h"
#include "base/temporary_folder.h"
#include "engine/session.h"
#include "engine/state.h"
#include "onnx/writer.h"
#include "providers/ort/plugins.h"
#include "providers/ort/provider.h"

namespace escuta::ort {
namespace {

using engine::Value;
using ::testing::HasSubstr;

onnx::ValueInfo info(std::string name, DType dtype, std::vector<onnx::DimDef> shape) {
  onnx::ValueInfo made;
  made.name = std::move(name);
  made.type.kind = onnx::TypeDef::Kind::kTensor;
  made.type.dtype = dtype;
  made.type.shape = std::move(shape);
  return made;
}

onnx::NodeDef node(std::string op, std::vector<std::string> inputs, std::string output) {
  onnx::NodeDef made;
  made.op_type = std::move(op);
  made.inputs = std::move(inputs);
  made.outputs = {std::move(output)};
  return made;
}

onnx::Model model_of(std::vector<onnx::ValueInfo> inputs, std::vector<onnx::ValueInfo> outputs,
                     std::vector<onnx::NodeDef> nodes) {
  onnx::Model model;
  model.ir_version = 8;
  model.opset_imports = {{"", 17}};
  model.graph.name = "g";
  model.graph.inputs = std::move(inputs);
  model.graph.outputs = std::move(outputs);
  model.graph.nodes = std::move(nodes);
  return model;
}

Value floats(const Shape& shape, std::vector<float> values) {
  return Value::of(Tensor::of<float>(shape, std::span<const float>(values)).value());
}

std::vector<float> floats_of(const Value& value) {
  const TensorView view = value.view().value();
  const auto elements = view.as<float>();
  return {elements.begin(), elements.end()};
}

class Ort : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(add_providers(registry_, {}).ok());
    const engine::Availability& state = registry_.providers().front()->availability();
    if (!state.available) GTEST_SKIP() << state.reason;
  }

  Result<std::shared_ptr<engine::Session>> load(const onnx::Model& model,
                                                engine::CompileOptions compile = {}) {
    const auto path = folder_ / "model.onnx";
    RETURN_IF_ERROR(onnx::write_model(model, path));
    engine::SessionOptions options;
    options.providers = {"ort"};
    options.compile = std::move(compile);
    return engine::Session::load(registry_, path, options);
  }

  // y [n, 2] = x [n, 2] + x, and present.0 = past.0 + x.
  static onnx::Model adder() {
    const std::vector<onnx::DimDef> shape = {std::string("n"), int64_t{2}};
    return model_of({info("x", DType::kFloat, shape), info("past.0", DType::kFloat, shape)},
                    {info("y", DType::kFloat, shape), info("present.0", DType::kFloat, shape)},
                    {node("Add", {"x", "x"}, "y"), node("Add", {"past.0", "x"}, "present.0")});
  }

  engine::Registry registry_;
  const TemporaryFolder temporary_;
  const std::filesystem::path& folder_ = temporary_.path();
};

TEST_F(Ort, DescribesAndRuns) {
  const auto session = load(adder()).value();
  ASSERT_EQ(session->inputs().size(), 2u);
  EXPECT_EQ(engine::describe(session->inputs()[0]), "float [n, 2]");
  EXPECT_EQ(session->inputs()[0].dims, (std::vector<int64_t>{-1, 2}));
  const Value inputs[] = {floats({1, 2}, {1, 2}), floats({1, 2}, {10, 20})};
  const auto outputs = session->run(inputs).value();
  EXPECT_EQ(floats_of(outputs[0]), (std::vector<float>{2, 4}));
  EXPECT_EQ(floats_of(outputs[1]), (std::vector<float>{11, 22}));
  EXPECT_EQ(session->placements()[0].provider, "ort");
  EXPECT_EQ(session->placements()[0].nodes, 2);
}

TEST_F(Ort, GivesOnlyWhatIsWanted) {
  const auto session = load(adder()).value();
  const Value inputs[] = {floats({1, 2}, {1, 2}), floats({1, 2}, {10, 20})};
  const bool wanted[] = {false, true};
  const auto outputs = session->run(inputs, wanted).value();
  EXPECT_FALSE(static_cast<bool>(outputs[0]));
  EXPECT_EQ(floats_of(outputs[1]), (std::vector<float>{11, 22}));
}

TEST_F(Ort, StateStaysWhereItIs) {
  auto session = load(adder()).value();
  engine::Stepper stepper(session);
  ASSERT_TRUE(stepper.set("past.0", floats({1, 2}, {0, 0})).ok());
  ASSERT_TRUE(stepper.set("x", floats({1, 2}, {1, 2})).ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(stepper.step("y").ok());
  EXPECT_EQ(floats_of(stepper.step("present.0").value()), (std::vector<float>{6, 12}));
}

TEST_F(Ort, ValuesOutliveTheirSession) {
  auto session = load(adder()).value();
  const Value inputs[] = {floats({1, 2}, {1, 2}), floats({1, 2}, {10, 20})};
  const Value kept = session->run(inputs).value()[1];
  session.reset();
  registry_ = engine::Registry();
  EXPECT_EQ(floats_of(kept), (std::vector<float>{11, 22}));
  EXPECT_EQ(kept.to_host().value().as<float>()[1], 22);
}

TEST_F(Ort, TakesEmptyTensors) {
  const auto session = load(adder()).value();
  const Value inputs[] = {floats({0, 2}, {}), floats({0, 2}, {})};
  const auto outputs = session->run(inputs).value();
  EXPECT_EQ(outputs[0].shape(), (Shape{0, 2}));
  EXPECT_TRUE(outputs[0].view().ok());
}

TEST_F(Ort, ChecksInputs) {
  const auto session = load(adder()).value();
  const Value past = floats({1, 2}, {1, 2});
  const auto message = [&](const Value& x) {
    const Value inputs[] = {x, past};
    const Status status = session->run(inputs).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_EQ(message(floats({1, 3}, {1, 2, 3})),
            "input `x`: expected float [n, 2], found float [1, 3]");
  EXPECT_EQ(message(Value::of(Tensor::create(DType::kDouble, {1, 2}).value())),
            "input `x`: expected float [n, 2], found double [1, 2]");
  EXPECT_EQ(message(Value()), "input `x`: expected float [n, 2], found none");
  // What only the run can know: one line, without ONNX Runtime's source locations.
  const Value inputs[] = {floats({3, 2}, {1, 2, 3, 4, 5, 6}), floats({2, 2}, {1, 2, 3, 4})};
  const std::string run_error(session->run(inputs).status().message());
  EXPECT_THAT(run_error, HasSubstr("Add"));
  EXPECT_THAT(run_error, ::testing::Not(HasSubstr("onnxruntime_src")));
  EXPECT_EQ(run_error.find('\n'), std::string::npos);
}

TEST_F(Ort, ManyThreadsRunOneSession) {
  const auto session = load(adder()).value();
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const float x = static_cast<float>(t * 1000 + i);
        const Value inputs[] = {floats({1, 2}, {x, x}), floats({1, 2}, {1, 2})};
        const auto outputs = session->run(inputs);
        if (!outputs.ok() || floats_of((*outputs)[1]) != std::vector<float>{x + 1, x + 2}) {
          ++wrong[static_cast<size_t>(t)];
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

TEST_F(Ort, AnInputWithADefaultIsOptional) {
  onnx::Model model = adder();
  const float two[] = {2, 2};
  onnx::TensorDef initializer;
  initializer.name = "past.0";
  initializer.dtype = DType::kFloat;
  initializer.dims = {1, 2};
  initializer.bytes = std::as_bytes(std::span(two));
  model.graph.inputs[1] = info("past.0", DType::kFloat, {int64_t{1}, int64_t{2}});
  model.graph.initializers.push_back(initializer);
  const auto session = load(model).value();
  const size_t past = session->input_index("past.0").value();
  EXPECT_TRUE(session->inputs()[past].optional);
  std::vector<Value> inputs(2);
  inputs[session->input_index("x").value()] = floats({1, 2}, {1, 2});
  EXPECT_EQ(floats_of(session->run(inputs).value()[1]), (std::vector<float>{3, 4}));
  inputs[past] = floats({1, 2}, {5, 5});
  EXPECT_EQ(floats_of(session->run(inputs).value()[1]), (std::vector<float>{6, 7}));
}

TEST_F(Ort, SessionsShareExternalWeights) {
  const std::vector<float> diagonal = {2, 0, 0, 3};
  auto external = onnx::ExternalDataWriter::create(folder_, "weights").value();
  onnx::TensorDef weight;
  weight.name = "w";
  weight.dtype = DType::kFloat;
  weight.dims = {2, 2};
  weight.external = external.append(std::as_bytes(std::span(diagonal))).value();
  ASSERT_TRUE(external.commit().ok());
  const std::vector<onnx::DimDef> shape = {std::string("n"), int64_t{2}};
  onnx::Model model = model_of({info("x", DType::kFloat, shape)}, {info("y", DType::kFloat, shape)},
                               {node("MatMul", {"x", "w"}, "y")});
  model.graph.initializers.push_back(weight);
  auto first = load(model).value();
  const auto second = load(model).value();
  const Value x[] = {floats({1, 2}, {1, 1})};
  EXPECT_EQ(floats_of(first->run(x).value()[0]), (std::vector<float>{2, 3}));
  first.reset();
  EXPECT_EQ(floats_of(second->run(x).value()[0]), (std::vector<float>{2, 3}));
}

TEST_F(Ort, AnUnknownOperatorIsAnError) {
  onnx::Model model = adder();
  model.graph.nodes[0].op_type = "Frobnicate";
  model.graph.nodes[0].domain = "org.example";
  model.opset_imports.push_back({"org.example", 1});
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const Status status = load(model).status();
  const std::string printed =
      ::testing::internal::GetCapturedStdout() + ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(printed, "");  // ONNX Runtime says nothing by itself
  EXPECT_THAT(std::string(status.message()), HasSubstr("Frobnicate"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("model.onnx"));
  EXPECT_EQ(status.message().find('\n'), std::string_view::npos);
}

TEST_F(Ort, HonoursSessionOptions) {
  engine::CompileOptions options;
  options.threads = 1;
  options.inter_op_threads = 2;
  options.execution_mode = engine::ExecutionMode::kParallel;
  options.optimization = engine::OptimizationLevel::kBasic;
  options.memory_arena = false;
  options.memory_pattern = false;
  options.optimized_model = folder_ / "optimized.onnx";
  options.profile = folder_ / "trace";
  options.session_config = {{"session.set_denormal_as_zero", "1"}};
  const auto session = load(adder(), options).value();
  const Value inputs[] = {floats({1, 2}, {1, 2}), floats({1, 2}, {10, 20})};
  ASSERT_TRUE(session->run(inputs).ok());
  EXPECT_TRUE(std::filesystem::exists(folder_ / "optimized.onnx"));
  const auto trace = session->end_profiling().value();
  EXPECT_THAT(read_file(trace, size_t{1} << 20).value(), HasSubstr("_kernel_time\""));
  EXPECT_EQ(session->end_profiling().status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(Ort, RefusesOptionsThatItHasNot) {
  engine::CompileOptions options;
  options.provider_options = {{"device_type", "NPU"}};
  EXPECT_THAT(std::string(load(adder(), options).status().message()),
              HasSubstr("has no options of its own, found `device_type`"));
  options = {};
  options.session_config = {{"", "x"}};
  EXPECT_FALSE(load(adder(), options).ok());
}

// What a plugin must be told before it runs anything.
std::map<std::string, std::string> options_for(const Plugin& plugin) {
  if (plugin.name != "qnn") return {};
  return {{"backend_path", (plugin.path.parent_path() / "libQnnHtp.so").string()}};
}

// Only where somebody has plugins: ESCUTA_ORT_PLUGINS=openvino=/path/lib.so:qnn=/path/lib.so
TEST_F(Ort, RunsOnPlugins) {
  const char* variable = std::getenv("ESCUTA_ORT_PLUGINS");
  if (variable == nullptr) GTEST_SKIP() << "ESCUTA_ORT_PLUGINS is not set";
  // Shapes are fixed: QNN takes no others.
  const std::vector<onnx::DimDef> shape = {int64_t{4}, int64_t{4}};
  ASSERT_TRUE(load(model_of({info("a", DType::kFloat, shape), info("b", DType::kFloat, shape)},
                            {info("c", DType::kFloat, shape)},
                            {node("MatMul", {"a", "b"}, "m"), node("Relu", {"m"}, "c")}))
                  .ok());
  const std::vector<Plugin> plugins = parse_plugins({}, variable).value();
  int used = 0;
  for (const Plugin& plugin : plugins) {
    const std::string name = "ort:" + plugin.name;
    const engine::Availability& state = registry_.find(name)->availability();
    if (!state.available) {  // OpenVINO's finds devices of Intel only
      EXPECT_THAT(state.reason, HasSubstr("finds no device"));
      continue;
    }
    engine::SessionOptions options;
    options.providers = {name};
    options.compile.provider_options = options_for(plugin);
    const auto session = engine::Session::load(registry_, folder_ / "model.onnx", options);
    ASSERT_TRUE(session.ok()) << session.status().to_string();
    EXPECT_EQ((*session)->placements()[0].provider, name);
    EXPECT_GT((*session)->placements()[0].nodes, 0);
    const Value inputs[] = {floats({4, 4}, std::vector<float>(16, 1)),
                            floats({4, 4}, std::vector<float>(16, 2))};
    const auto outputs = (*session)->run(inputs);
    ASSERT_TRUE(outputs.ok()) << outputs.status().to_string();
    EXPECT_NEAR((*outputs)[0].to_host().value().as<float>()[1], 8, 0.05);
    ++used;
  }
  if (used == 0) GTEST_SKIP() << "no plugin of ESCUTA_ORT_PLUGINS finds a device";
}

}  // namespace
}  // namespace escuta::ort
