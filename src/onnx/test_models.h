// Small models for the tests of onnx/ and graph/.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "base/temporary_folder.h"
#include "onnx/model.h"
#include "onnx/reader.h"
#include "onnx/writer.h"

namespace escuta::onnx::testing {

inline std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(ESCUTA_SOURCE_DIR) / "tests/data/onnx" / name;
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline ValueInfo value(std::string name, DType dtype = DType::kFloat) {
  ValueInfo info;
  info.name = std::move(name);
  info.type.kind = TypeDef::Kind::kTensor;
  info.type.dtype = dtype;
  info.type.shape = {DimDef(int64_t{2})};
  return info;
}

inline NodeDef node(std::string op, std::vector<std::string> inputs,
                    std::vector<std::string> outputs) {
  NodeDef def;
  def.name = "n_" + (outputs.empty() ? op : outputs.front());
  def.op_type = std::move(op);
  def.inputs = std::move(inputs);
  def.outputs = std::move(outputs);
  return def;
}

inline TensorDef floats(std::string name, std::vector<int64_t> dims,
                        std::span<const float> values) {
  TensorDef def;
  def.name = std::move(name);
  def.dtype = DType::kFloat;
  def.dims = std::move(dims);
  def.bytes = std::as_bytes(values);
  return def;
}

// x -> Neg -> y, with one initializer w [2].
inline Model small_model() {
  static constexpr float kWeights[] = {1.0f, -2.0f};
  Model model;
  model.ir_version = 8;
  model.opset_imports = {{"", 17}};
  model.producer_name = "test";
  model.graph.name = "small";
  model.graph.inputs = {value("x")};
  model.graph.outputs = {value("y")};
  model.graph.nodes = {node("Mul", {"x", "w"}, {"m"}), node("Neg", {"m"}, {"y"})};
  model.graph.initializers = {floats("w", {2}, kWeights)};
  return model;
}

inline AttributeDef graph_attribute(std::string name, GraphDef graph) {
  AttributeDef def;
  def.name = std::move(name);
  def.type = AttributeDef::Type::kGraph;
  def.graphs = {std::make_shared<const GraphDef>(std::move(graph))};
  return def;
}

// What the tests give to parse_model is kept: tensors borrow from it.
inline Result<Model> parse_text(std::string bytes, const ReadOptions& options = {}) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  return parse_model(bytes_of(*owner), {}, owner, options);
}

}  // namespace escuta::onnx::testing
