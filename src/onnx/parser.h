// The messages of onnx.proto -> the structs of model.h. Internal to onnx/;
// reader.cc is the way in.
//
// Functions return the Status of what is against the specification or our
// limits. Damage to the wire format itself makes protozero throw; reader.cc
// catches that. One thread, one model.
#pragma once

#include <protozero/pbf_reader.hpp>
#include <string>
#include <vector>

#include "base/status.h"
#include "onnx/arena.h"
#include "onnx/external_data.h"
#include "onnx/limits.h"
#include "onnx/model.h"
#include "onnx/reader.h"
#include "onnx/test_data.h"

namespace escuta::onnx {

class Parser {
 public:
  Parser(std::span<const std::byte> file, ExternalFiles files, const ReadOptions& options)
      : file_(file),
        files_(std::move(files)),
        options_(options),
        memory_left_(kMemoryFloor + kMemoryPerFileByte * file.size()) {}

  Status parse(Model& out);
  // The same for a file that is one value.
  Status parse_data(TypeDef::Kind kind, DataFile& out);

  // Where in the file the last field began.
  size_t position() const { return static_cast<size_t>(at_ - start()); }
  // Reading the top level, whose end is the file's end.
  bool at_top_level() const { return top_level_; }

 private:
  using Reader = protozero::pbf_reader;

  const char* start() const { return reinterpret_cast<const char*>(file_.data()); }

  // The next field. False at the end, and as soon as the memory allowed is used
  // up; parse() turns that into an error.
  bool next(Reader& m);
  // Notes memory about to be taken; false if there is no more.
  bool charge(size_t bytes);
  template <typename T>
  T& append(std::vector<T>& list);
  Status out_of_memory() const;

  void text(Reader& m, std::string& out);
  void pair(Reader m, StringPairs& out);
  void ints(Reader& m, std::vector<int64_t>& out);  // packed or not
  void floats(Reader& m, std::vector<float>& out);  // packed or not
  Status dtype(Reader& m, DType& out);

  Status model(Reader m, Model& out);
  void opset(Reader m, std::vector<OpsetImport>& out);
  Status function(Reader m, FunctionDef& out);
  Status graph(Reader m, GraphDef& out, int depth);
  void quant_annotation(Reader m, QuantAnnotation& out);
  Status node(Reader m, NodeDef& out, int depth);
  Status node_fields(Reader& m, NodeDef& out, int depth);
  Status attribute(Reader m, AttributeDef& out, int depth);
  Status attribute_field(Reader& m, AttributeDef& out, int depth, uint32_t& seen);
  Status attribute_graph(Reader m, AttributeDef& out, int depth);
  Status value_info(Reader m, ValueInfo& out);

  Status type(Reader m, TypeDef& out, int depth);
  Status tensor_type(Reader m, TypeDef& out);
  Status element_type(Reader m, TypeDef& out, int depth, uint32_t field);
  Status shape(Reader m, TypeDef& out);
  void dim(Reader m, TypeDef& out);

  struct TensorContent;
  Status tensor(Reader m, TensorDef& out);
  Status tensor_content(Reader m, TensorDef& out, TensorContent& content);
  Status tensor_strings(const TensorDef& out, const TensorContent& content) const;
  Status tensor_external(TensorDef& out, const TensorContent& content, size_t size);
  Status tensor_typed(Reader m, TensorDef& out, const TensorContent& content, size_t size);
  Status aligned(TensorDef& out);
  Status sparse(Reader m, SparseTensorDef& out);

  Status data(Reader m, TypeDef::Kind kind, DataDef& out, int depth);
  Status data_elements(Reader m, DataDef& out, int depth);
  Status data_map(Reader m, DataDef& out, int depth);

  std::span<const std::byte> file_;
  ExternalFiles files_;
  ReadOptions options_;
  Arena arena_;
  size_t memory_left_;
  bool memory_exceeded_ = false;
  bool top_level_ = true;
  const char* at_ = nullptr;
};

}  // namespace escuta::onnx
