// Files that are no Silero VAD, or a broken one: an error of one line, never more.
#include <gmock/gmock.h>

#include "base/temporary_folder.h"
#include "models/silero/speech_detector.h"
#include "models/silero/test_sound.h"
#include "onnx/test_models.h"

namespace escuta::silero {
namespace {

using onnx::DimDef;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

onnx::ValueInfo io(const char* name, std::vector<DimDef> dims, DType dtype = DType::kFloat) {
  onnx::ValueInfo info = onnx::testing::value(name, dtype);
  info.type.shape = std::move(dims);
  return info;
}

DimDef dim(int64_t size) { return DimDef(size); }
DimDef open() { return DimDef(std::string("n")); }

// speech_probs = the sum of each chunk; the state stays.
onnx::Model summing_model() {
  onnx::Model model = onnx::testing::small_model();
  model.opset_imports = {{"", 11}};
  model.graph.initializers.clear();
  model.graph.inputs = {io("input", {open(), dim(576)}), io("h", {dim(1), dim(1), dim(128)}),
                        io("c", {dim(1), dim(1), dim(128)})};
  model.graph.outputs = {io("speech_probs", {open()}), io("hn", {dim(1), dim(1), dim(128)}),
                         io("cn", {dim(1), dim(1), dim(128)})};
  onnx::NodeDef sum = onnx::testing::node("ReduceSum", {"input"}, {"speech_probs"});
  onnx::AttributeDef axes, keep;
  axes.name = "axes";
  axes.type = onnx::AttributeDef::Type::kInts;
  axes.ints = {1};
  keep.name = "keepdims";
  keep.type = onnx::AttributeDef::Type::kInt;
  keep.i = 0;
  sum.attributes = {axes, keep};
  model.graph.nodes = {sum, onnx::testing::node("Identity", {"h"}, {"hn"}),
                       onnx::testing::node("Identity", {"c"}, {"cn"})};
  return model;
}

class HostileModel : public ::testing::Test {
 protected:
  Result<SpeechDetector> load(const onnx::Model& model) {
    const auto path = folder_.path() / "vad.onnx";
    EXPECT_TRUE(onnx::write_model(model, path).ok());
    return SpeechDetector::create(test_registry(), path, {});
  }
  std::string error_of(const onnx::Model& model) {
    return std::string(load(model).status().message());
  }
  const TemporaryFolder folder_;
};

TEST_F(HostileModel, SumsAreTakenUntilOneIsNoProbability) {
  auto detector = load(summing_model()).value();
  EXPECT_TRUE(detector.push(std::vector<float>(40000, 1e-4f)).ok());
  EXPECT_THAT(std::string(detector.push(std::vector<float>(40000, 0.5f)).message()),
              HasSubstr("expected the model to give probabilities, 0 to 1, found "));
  EXPECT_EQ(detector.finish().status().code(), StatusCode::kDataLoss);
}

TEST_F(HostileModel, MustHaveTheNamesTypesAndSizes) {
  const auto refused = AllOf(StartsWith((folder_.path() / "vad.onnx").string()),
                             HasSubstr("expected a model of Silero VAD, with the inputs `input` "
                                       "float [n, 576], `h` and `c` float [1, 1, 128]"),
                             HasSubstr("found the inputs "), Not(HasSubstr("\n")));
  EXPECT_THAT(error_of(onnx::testing::small_model()), refused);

  onnx::Model model = summing_model();
  model.graph.inputs[0] = io("input", {open(), dim(512)});
  EXPECT_THAT(error_of(model), AllOf(refused, HasSubstr("`input` float [n, 512]")));
  model.graph.inputs[0] = io("input", {dim(1), dim(576)});  // one chunk at a time
  EXPECT_THAT(error_of(model), refused);
  model.graph.inputs[0] = io("sound", {open(), dim(576)});
  model.graph.nodes[0].inputs = {"sound"};
  EXPECT_THAT(error_of(model), refused);

  model = summing_model();
  model.graph.inputs[1] = io("h", {dim(2), dim(1), dim(64)});  // an older network
  model.graph.outputs[1] = io("hn", {dim(2), dim(1), dim(64)});
  EXPECT_THAT(error_of(model), refused);

  model = summing_model();
  for (auto* list : {&model.graph.inputs, &model.graph.outputs}) {
    (*list)[2].type.dtype = DType::kDouble;
  }
  EXPECT_THAT(error_of(model), AllOf(refused, HasSubstr("`cn` double")));

  model = summing_model();  // an input that nobody would fill
  model.graph.inputs.push_back(io("more", {dim(1)}));
  EXPECT_THAT(error_of(model), AllOf(refused, HasSubstr("`more` float [1]")));

  model = summing_model();
  model.graph.outputs.pop_back();
  model.graph.nodes.pop_back();
  EXPECT_THAT(error_of(model), refused);
}

TEST_F(HostileModel, MustAnswerSilenceWithProbabilities) {
  onnx::Model model = summing_model();  // 0 / 0
  model.graph.nodes[0].outputs = {"s"};
  model.graph.nodes.push_back(onnx::testing::node("Div", {"s", "s"}, {"speech_probs"}));
  EXPECT_THAT(error_of(model), AllOf(HasSubstr("vad.onnx: expected the model to give "
                                               "probabilities, 0 to 1, found"),
                                     HasSubstr("nan"), Not(HasSubstr("\n"))));
}

TEST_F(HostileModel, MustAnswerWithOneNumberPerChunk) {
  onnx::Model model = summing_model();
  model.graph.outputs[0].type.shape.reset();
  model.graph.nodes[0].attributes[0].ints = {0};  // over the chunks
  EXPECT_THAT(error_of(model), HasSubstr("vad.onnx: expected the model to give 1 probabilities, "
                                         "found float [576]"));
}

TEST_F(HostileModel, MustGiveTheStateBack) {
  onnx::Model model = summing_model();
  model.graph.outputs[1].type.shape.reset();
  model.graph.nodes[1] = onnx::testing::node("Concat", {"h", "c"}, {"hn"});
  onnx::AttributeDef axis;
  axis.name = "axis";
  axis.type = onnx::AttributeDef::Type::kInt;
  axis.i = 0;
  model.graph.nodes[1].attributes = {axis};
  EXPECT_THAT(error_of(model),
              HasSubstr("vad.onnx: expected the model to give a state of float [1, 1, 128], found "
                        "float [2, 1, 128]"));
}

TEST_F(HostileModel, MustBeAModel) {
  for (const char* bytes : {"", "no model at all", "\x08\x08"}) {
    const auto path = folder_.write("vad.onnx", bytes);
    const auto status = SpeechDetector::create(test_registry(), path, {}).status();
    EXPECT_THAT(std::string(status.message()),
                AllOf(StartsWith(path.string()), Not(HasSubstr("\n"))));
  }
  EXPECT_EQ(SpeechDetector::create(test_registry(), folder_.path() / "no.onnx", {}).status().code(),
            StatusCode::kNotFound);
}

}  // namespace
}  // namespace escuta::silero
