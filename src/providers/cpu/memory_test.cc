// What an executable holds of its model: packed weights once for all who share a file, and of the
// file itself no pages.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numeric>
#include <sstream>

#include "graph/import.h"
#include "onnx/test_models.h"
#include "providers/cpu/executable.h"

namespace escuta::cpu {
namespace {

using engine::Value;
using onnx::testing::floats;
using onnx::testing::node;

constexpr int64_t kSize = 1024;
constexpr size_t kBytes = kSize * kSize * sizeof(float);

// y = (x w0 + bias) w1, of numbers that 16 bits hold, in a file beside the model.
class StoredModel {
 public:
  StoredModel() {
    std::vector<float> numbers(kSize * kSize);
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i % 15) / 8 - 1;
    auto data = onnx::ExternalDataWriter::create(folder_.path(), "weights.data").value();
    onnx::Model def;
    def.ir_version = 8;
    def.opset_imports = {{"", 17}};
    onnx::ValueInfo x = onnx::testing::value("x"), y = onnx::testing::value("y");
    x.type.shape = y.type.shape = {onnx::DimDef(std::string("rows")), onnx::DimDef(kSize)};
    def.graph.name = "stored";
    def.graph.inputs = {x};
    def.graph.outputs = {y};
    def.graph.nodes = {node("MatMul", {"x", "w0"}, {"a"}), node("Add", {"a", "bias"}, {"b"}),
                       node("MatMul", {"b", "w1"}, {"y"})};
    const auto add = [&](const char* name, std::vector<int64_t> dims, size_t count) {
      onnx::TensorDef tensor = floats(name, std::move(dims), std::span(numbers).first(count));
      tensor.external = data.append(tensor.bytes).value();
      def.graph.initializers.push_back(std::move(tensor));
    };
    add("w0", {kSize, kSize}, numbers.size());
    add("bias", {kSize}, kSize);
    add("w1", {kSize, kSize}, numbers.size());
    EXPECT_TRUE(data.commit().ok());
    EXPECT_TRUE(onnx::write_model(def, path()).ok());
  }
  std::filesystem::path path() const { return folder_.path() / "model.onnx"; }

  std::unique_ptr<CpuExecutable> compile(PackedWeights& weights) const {
    auto model = graph::load_model(path(), {.align_data_under = 1 << 16}).value();
    return CpuExecutable::create(std::move(model), weights, {}).value();
  }

 private:
  TemporaryFolder folder_;
};

// Bytes of the file's pages that this process has mapped in.
size_t resident_bytes(const std::string& file) {
  std::ifstream maps("/proc/self/smaps");
  size_t kib = 0;
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (first.find('-') != std::string::npos) inside = line.ends_with(file);
    size_t value = 0;
    if (inside && first == "Rss:" && words >> value) kib += value;
  }
  return kib * 1024;
}

std::vector<float> run(const CpuExecutable& executable) {
  std::vector<float> x(kSize);
  std::iota(x.begin(), x.end(), -512.0f);
  const std::vector<Value> inputs = {Value::of(Datum::of<float>({1, kSize}, x).value())};
  std::vector<Value> outputs(1);
  EXPECT_TRUE(executable.run(inputs, {}, outputs, {}).ok());
  const auto y = outputs[0].datum().as<float>();
  return {y.begin(), y.end()};
}

TEST(CpuMemory, ThePagesOfTheFileAreGivenBack) {
  const StoredModel stored;
  PackedWeights weights;
  const auto executable = stored.compile(weights);
  const std::vector<float> y = run(*executable);
  EXPECT_TRUE(std::isfinite(y[5]));
  // The file stays mapped, for what is not packed. Without giving back: all 8 MiB.
  EXPECT_LE(resident_bytes("weights.data"), kBytes / 8);
}

TEST(CpuMemory, WeightsArePackedOnceForAllOfTheirFile) {
  const StoredModel stored;
  PackedWeights weights;
  const auto one = stored.compile(weights);
  const size_t held = weights.held_bytes();
  // In 16 bits where the instruction set reads them, else in 32; never more than the model.
  EXPECT_GE(held, kBytes);
  EXPECT_LE(held, 2 * kBytes);
  auto other = stored.compile(weights);
  EXPECT_EQ(weights.held_bytes(), held);
  EXPECT_EQ(run(*other), run(*one));
}

TEST(CpuMemory, WeightsGoWithTheLastExecutable) {
  const StoredModel stored;
  PackedWeights weights;
  { const auto executable = stored.compile(weights); }
  EXPECT_EQ(weights.held_bytes(), 0u);
}

}  // namespace
}  // namespace escuta::cpu
