// An ONNX model as its file has it: plain structs, one per message of
// onnx.proto, in the order of the specification. No meaning is added here;
// graph/ does that.
//
// Structs are plain values. Tensor bytes are borrowed: from the mapped file
// that the reader keeps alive through Model::keep_alive, or from whatever a
// builder put there. Read-only after it is built; then any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tensor/dtype.h"

namespace escuta::onnx {

using StringPairs = std::vector<std::pair<std::string, std::string>>;

// A place in a file beside the model (onnx.proto, TensorProto.external_data).
struct ExternalData {
  std::string location;  // relative to the model's folder
  uint64_t offset = 0;
  std::optional<uint64_t> length;  // absent: as many bytes as type and shape ask for
};

// TensorProto. The elements are in strings for kString, in bytes for all other
// types.
struct TensorDef {
  std::string name;
  DType dtype = DType::kUndefined;
  std::vector<int64_t> dims;
  // Little-endian, row-major, packed: raw_data, or the typed fields
  // (float_data, int32_data, ...) brought to that form. External data is mapped
  // here as well when the reader resolves it. From the reader they are aligned
  // to the element's size, unless ReadOptions says otherwise.
  std::span<const std::byte> bytes;
  std::vector<std::string> strings;      // dtype kString
  std::optional<ExternalData> external;  // where the bytes are in the file, or shall be
  bool mapped = false;                   // `bytes` are the file's own pages
  std::string doc;
  StringPairs metadata;
};

struct SparseTensorDef {
  TensorDef values;
  TensorDef indices;
  std::vector<int64_t> dims;
};

// One dimension: a number, a symbol ("batch_size"), or nothing known.
using DimDef = std::variant<std::monostate, int64_t, std::string>;

// TypeProto: tensor, sparse tensor, sequence, map, optional, opaque.
struct TypeDef {
  enum class Kind { kNone, kTensor, kSparseTensor, kSequence, kMap, kOptional, kOpaque };
  Kind kind = Kind::kNone;
  DType dtype = DType::kUndefined;           // element type, or the key type of a map
  std::optional<std::vector<DimDef>> shape;  // absent: not even the rank is known
  std::vector<std::string> dim_denotations;  // one per dimension, or none at all
  std::shared_ptr<const TypeDef> element;    // of a sequence or optional; value of a map
  std::string opaque_domain, opaque_name;
  std::string denotation;
};

struct ValueInfo {
  std::string name;
  TypeDef type;
  std::string doc;
  StringPairs metadata;
};

struct GraphDef;

// AttributeProto. `type` says which field holds.
struct AttributeDef {
  enum class Type {
    kUndefined = 0,
    kFloat = 1,
    kInt = 2,
    kString = 3,
    kTensor = 4,
    kGraph = 5,
    kFloats = 6,
    kInts = 7,
    kStrings = 8,
    kTensors = 9,
    kGraphs = 10,
    kSparseTensor = 11,
    kSparseTensors = 12,
    kTypeProto = 13,
    kTypeProtos = 14,
  };
  std::string name;
  Type type = Type::kUndefined;
  float f = 0;
  int64_t i = 0;
  std::string s;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
  std::vector<TensorDef> tensors;                       // one for kTensor
  std::vector<std::shared_ptr<const GraphDef>> graphs;  // one for kGraph
  std::vector<SparseTensorDef> sparse_tensors;          // one for kSparseTensor
  std::vector<TypeDef> types;                           // one for kTypeProto
  std::string ref_attr_name;  // inside functions: the attribute of the call that
                              // is meant
  std::string doc;
};

struct NodeDef {
  std::vector<std::string> inputs;   // "" stands for an optional input that is absent
  std::vector<std::string> outputs;  // "" for an output that nobody wants
  std::string name;
  std::string op_type;
  std::string domain;  // "" is ai.onnx
  std::string overload;
  std::vector<AttributeDef> attributes;
  std::string doc;
  StringPairs metadata;
};

// TensorAnnotation: which tensors hold a tensor's quantisation parameters
// ("SCALE_TENSOR", name).
struct QuantAnnotation {
  std::string tensor_name;
  StringPairs parameters;
};

struct GraphDef {
  std::string name;
  std::vector<NodeDef> nodes;
  std::vector<TensorDef> initializers;
  std::vector<SparseTensorDef> sparse_initializers;
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
  std::vector<ValueInfo> value_infos;
  std::vector<QuantAnnotation> quant_annotations;
  std::string doc;
  StringPairs metadata;
};

struct OpsetImport {
  std::string domain;  // "" is ai.onnx
  int64_t version = 0;
};

struct FunctionDef {
  std::string name;
  std::string domain;
  std::string overload;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<std::string> attributes;           // names without a default
  std::vector<AttributeDef> attribute_defaults;  // names with one
  std::vector<NodeDef> nodes;
  std::vector<OpsetImport> opset_imports;
  std::vector<ValueInfo> value_infos;
  std::string doc;
  StringPairs metadata;
};

struct Model {
  int64_t ir_version = 0;
  std::vector<OpsetImport> opset_imports;
  std::string producer_name;
  std::string producer_version;
  std::string domain;
  int64_t model_version = 0;
  std::string doc;
  GraphDef graph;
  StringPairs metadata;
  std::vector<FunctionDef> functions;
  // Names of fields that the file has and this struct does not:
  // "training_info", "configuration" (devices), which inference has no use for.
  // A written file lacks them.
  std::vector<std::string> fields_left_out;

  // Owners of the bytes that tensors borrow: mapped files, buffers.
  std::vector<std::shared_ptr<const void>> keep_alive;
};

}  // namespace escuta::onnx
