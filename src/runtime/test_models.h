// Models for the tests of the public interface, written as files.
#pragma once

#include <climits>

#include "onnx/test_models.h"

namespace escuta::api::testing {

using onnx::testing::floats;
using onnx::testing::graph_attribute;
using onnx::testing::node;

inline onnx::ValueInfo port(std::string name, std::vector<onnx::DimDef> dims,
                            escuta::DType dtype = escuta::DType::kFloat) {
  onnx::ValueInfo info = onnx::testing::value(std::move(name), dtype);
  info.type.shape = std::move(dims);
  return info;
}

inline onnx::Model base_model() {
  onnx::Model model;
  model.ir_version = 8;
  model.opset_imports = {{"", 17}, {"ai.onnx.ml", 3}};
  model.producer_name = "test";
  model.producer_version = "2.1";
  model.graph.name = "made";
  return model;
}

// x [rows, 3] -> y = x w + b [rows, 2], and same = x.
inline onnx::Model affine_model(const std::string& rows = "batch") {
  static const float kWeights[] = {1, 2, 3, 4, 5, 6};
  static const float kBias[] = {0.5f, -0.5f};
  onnx::Model model = base_model();
  model.metadata = {{"classes", "cat,dog"}};
  model.graph.inputs = {port("x", {rows, int64_t{3}})};
  model.graph.outputs = {port("y", {rows, int64_t{2}}), port("same", {rows, int64_t{3}})};
  model.graph.initializers = {floats("w", {3, 2}, kWeights), floats("b", {2}, kBias)};
  model.graph.nodes = {node("MatMul", {"x", "w"}, {"p"}), node("Add", {"p", "b"}, {"y"}),
                       node("Identity", {"x"}, {"same"})};
  return model;
}

// x [rows, 2] -> y = softmax of each column: rows mix.
inline onnx::Model column_model(const std::string& rows) {
  onnx::Model model = base_model();
  onnx::NodeDef softmax = node("Softmax", {"x"}, {"y"});
  onnx::AttributeDef axis;
  axis.name = "axis";
  axis.type = onnx::AttributeDef::Type::kInt;
  axis.i = 0;
  softmax.attributes = {axis};
  model.graph.inputs = {port("x", {rows, int64_t{2}})};
  model.graph.outputs = {port("y", {rows, int64_t{2}})};
  model.graph.nodes = {softmax};
  return model;
}

// turns -> y: a loop that counts so many turns.
inline onnx::Model loop_model() {
  static const float kOne[] = {1};
  static const float kZero[] = {0};
  onnx::Model model = base_model();
  onnx::GraphDef body;
  body.name = "body";
  body.inputs = {port("i", {}, escuta::DType::kInt64), port("go", {}, escuta::DType::kBool),
                 port("v", {})};
  body.outputs = {port("go_on", {}, escuta::DType::kBool), port("next", {})};
  body.initializers = {floats("one", {}, kOne)};
  body.nodes = {node("Identity", {"go"}, {"go_on"}), node("Add", {"v", "one"}, {"next"})};
  onnx::NodeDef loop = node("Loop", {"turns", "", "start"}, {"y"});
  loop.attributes = {graph_attribute("body", body)};
  model.graph.initializers = {floats("start", {}, kZero)};
  model.graph.inputs = {port("turns", {}, escuta::DType::kInt64)};
  model.graph.outputs = {port("y", {})};
  model.graph.nodes = {loop};
  return model;
}

inline onnx::ValueInfo sequence_port(std::string name) {
  onnx::ValueInfo info;
  info.name = std::move(name);
  info.type.kind = onnx::TypeDef::Kind::kSequence;
  info.type.element = std::make_shared<onnx::TypeDef>(port("", {std::string("n")}).type);
  return info;
}

// list, x -> longer: the sequence with x at its end.
inline onnx::Model sequence_model() {
  onnx::Model model = base_model();
  model.graph.inputs = {sequence_port("list"), port("x", {std::string("n")})};
  model.graph.outputs = {sequence_port("longer")};
  model.graph.nodes = {node("SequenceInsert", {"list", "x"}, {"longer"})};
  return model;
}

// x [1, 2] -> scores: a map from strings for each row.
inline onnx::Model map_model() {
  onnx::Model model = base_model();
  onnx::NodeDef zip = node("ZipMap", {"x"}, {"scores"});
  zip.domain = "ai.onnx.ml";
  onnx::AttributeDef keys;
  keys.name = "classlabels_strings";
  keys.type = onnx::AttributeDef::Type::kStrings;
  keys.strings = {"cat", "dog"};
  zip.attributes = {keys};
  onnx::TypeDef map;
  map.kind = onnx::TypeDef::Kind::kMap;
  map.dtype = escuta::DType::kString;
  map.element = std::make_shared<onnx::TypeDef>(port("", {}).type);
  onnx::ValueInfo scores;
  scores.name = "scores";
  scores.type.kind = onnx::TypeDef::Kind::kSequence;
  scores.type.element = std::make_shared<onnx::TypeDef>(map);
  model.graph.inputs = {port("x", {int64_t{1}, int64_t{2}})};
  model.graph.outputs = {scores};
  model.graph.nodes = {zip};
  return model;
}

// x of any type [n] -> y, the same.
inline onnx::Model identity_model(escuta::DType dtype) {
  onnx::Model model = base_model();
  model.graph.inputs = {port("x", {std::string("n")}, dtype)};
  model.graph.outputs = {port("y", {std::string("n")}, dtype)};
  model.graph.nodes = {node("Identity", {"x"}, {"y"})};
  return model;
}

// The model as a file in a folder of the program's own.
inline std::filesystem::path file_of(const onnx::Model& model) {
  static const TemporaryFolder folder;
  static std::atomic<int> count{0};
  const auto path = folder.path() / (std::to_string(count++) + ".onnx");
  const escuta::Status written = onnx::write_model(model, path);
  ESCUTA_CHECK(written.ok());
  return path;
}

}  // namespace escuta::api::testing
