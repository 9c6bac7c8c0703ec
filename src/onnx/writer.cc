#include "onnx/writer.h"

#include <array>
#include <protozero/pbf_writer.hpp>

#include "onnx/fields.h"

namespace escuta::onnx {
namespace {

using protozero::pbf_writer;

// protobuf's own limit: lengths are int32 in the libraries that will read the
// file.
constexpr size_t kMaxFileBytes = (size_t{1} << 31) - 1;
constexpr size_t kExternalAlignment = 4096;

class Serializer {
 public:
  Result<std::string> run(const Model& model);

 private:
  // A submessage. protozero takes back one that stays empty; onnx.proto gives
  // meaning to some that are (a dimension of unknown size), so those are
  // written.
  template <typename Body>
  void message(pbf_writer& parent, uint32_t number, const Body& body) {
    const size_t before = out_.size();
    {
      pbf_writer child(parent, number);
      body(child);
    }
    if (out_.size() == before) parent.add_message(number, "", 0);
  }
  static void text(pbf_writer& to, uint32_t number, const std::string& value) {
    if (!value.empty()) to.add_string(number, value);
  }
  void pairs(pbf_writer& to, uint32_t number, const StringPairs& values);
  void opset(pbf_writer& to, uint32_t number, const OpsetImport& import);
  void graph(pbf_writer& to, const GraphDef& graph);
  void node(pbf_writer& to, const NodeDef& node);
  void attribute(pbf_writer& to, const AttributeDef& attribute);
  void attribute_value(pbf_writer& to, const AttributeDef& attribute);
  void attribute_list(pbf_writer& to, const AttributeDef& attribute);
  void value_info(pbf_writer& to, const ValueInfo& value);
  void type(pbf_writer& to, const TypeDef& type);
  void shape(pbf_writer& to, const TypeDef& type);
  void tensor(pbf_writer& to, const TensorDef& tensor);
  void external(pbf_writer& to, const ExternalData& external);
  void sparse(pbf_writer& to, const SparseTensorDef& sparse);
  void function(pbf_writer& to, const FunctionDef& function);

  std::string out_;
  bool too_large_ = false;
};

void Serializer::pairs(pbf_writer& to, uint32_t number, const StringPairs& values) {
  for (const auto& pair : values) {
    message(to, number, [&](pbf_writer& entry) {
      entry.add_string(field::pair::kKey, pair.first);
      entry.add_string(field::pair::kValue, pair.second);
    });
  }
}

void Serializer::opset(pbf_writer& to, uint32_t number, const OpsetImport& import) {
  message(to, number, [&](pbf_writer& entry) {
    entry.add_string(field::opset::kDomain, import.domain);
    entry.add_int64(field::opset::kVersion, import.version);
  });
}

void Serializer::external(pbf_writer& to, const ExternalData& external) {
  StringPairs entries = {{"location", external.location}};
  entries.emplace_back("offset", std::to_string(external.offset));
  if (external.length) entries.emplace_back("length", std::to_string(*external.length));
  pairs(to, field::tensor::kExternalData, entries);
  constexpr int32_t kExternal = 1;  // TensorProto.DataLocation.EXTERNAL
  to.add_enum(field::tensor::kDataLocation, kExternal);
}

void Serializer::tensor(pbf_writer& to, const TensorDef& tensor) {
  for (const int64_t dim : tensor.dims) to.add_int64(field::tensor::kDims, dim);
  to.add_int32(field::tensor::kDataType, static_cast<int32_t>(tensor.dtype));
  text(to, field::tensor::kName, tensor.name);
  if (tensor.external) {
    external(to, *tensor.external);
  } else if (tensor.dtype == DType::kString) {
    for (const std::string& s : tensor.strings) to.add_bytes(field::tensor::kStringData, s);
  } else if (tensor.bytes.size() > kMaxFileBytes - std::min(out_.size(), kMaxFileBytes)) {
    too_large_ = true;
  } else {
    to.add_bytes(field::tensor::kRawData, reinterpret_cast<const char*>(tensor.bytes.data()),
                 tensor.bytes.size());
  }
  text(to, field::tensor::kDoc, tensor.doc);
  pairs(to, field::tensor::kMetadata, tensor.metadata);
}

void Serializer::sparse(pbf_writer& to, const SparseTensorDef& sparse) {
  message(to, field::sparse_tensor::kValues, [&](pbf_writer& m) { tensor(m, sparse.values); });
  message(to, field::sparse_tensor::kIndices, [&](pbf_writer& m) { tensor(m, sparse.indices); });
  for (const int64_t dim : sparse.dims) to.add_int64(field::sparse_tensor::kDims, dim);
}

void Serializer::shape(pbf_writer& to, const TypeDef& type) {
  if (!type.shape) return;
  message(to, field::tensor_type::kShape, [&](pbf_writer& m) {
    for (size_t i = 0; i < type.shape->size(); ++i) {
      const DimDef& dim = (*type.shape)[i];
      message(m, field::shape::kDim, [&](pbf_writer& d) {
        if (const auto* number = std::get_if<int64_t>(&dim)) {
          d.add_int64(field::dim::kValue, *number);
        } else if (const auto* symbol = std::get_if<std::string>(&dim)) {
          d.add_string(field::dim::kParam, *symbol);
        }
        if (i < type.dim_denotations.size()) {
          text(d, field::dim::kDenotation, type.dim_denotations[i]);
        }
      });
    }
  });
}

void Serializer::type(pbf_writer& to, const TypeDef& def) {
  using Kind = TypeDef::Kind;
  const auto tensor_type = [&](pbf_writer& m) {
    m.add_int32(field::tensor_type::kElemType, static_cast<int32_t>(def.dtype));
    shape(m, def);
  };
  const auto element = [&](pbf_writer& m, uint32_t number) {
    if (def.element) message(m, number, [&](pbf_writer& e) { type(e, *def.element); });
  };
  const auto element_type = [&](pbf_writer& m) { element(m, field::element_type::kElemType); };
  switch (def.kind) {
    case Kind::kNone:
      break;
    case Kind::kTensor:
      message(to, field::type::kTensor, tensor_type);
      break;
    case Kind::kSparseTensor:
      message(to, field::type::kSparseTensor, tensor_type);
      break;
    case Kind::kSequence:
      message(to, field::type::kSequence, element_type);
      break;
    case Kind::kOptional:
      message(to, field::type::kOptional, element_type);
      break;
    case Kind::kMap:
      message(to, field::type::kMap, [&](pbf_writer& m) {
        m.add_int32(field::map_type::kKeyType, static_cast<int32_t>(def.dtype));
        element(m, field::map_type::kValueType);
      });
      break;
    case Kind::kOpaque:
      message(to, field::type::kOpaque, [&](pbf_writer& m) {
        text(m, field::opaque_type::kDomain, def.opaque_domain);
        text(m, field::opaque_type::kName, def.opaque_name);
      });
      break;
  }
  text(to, field::type::kDenotation, def.denotation);
}

void Serializer::value_info(pbf_writer& to, const ValueInfo& value) {
  to.add_string(field::value_info::kName, value.name);
  if (value.type.kind != TypeDef::Kind::kNone || !value.type.denotation.empty()) {
    message(to, field::value_info::kType, [&](pbf_writer& m) { type(m, value.type); });
  }
  text(to, field::value_info::kDoc, value.doc);
  pairs(to, field::value_info::kMetadata, value.metadata);
}

void Serializer::attribute_list(pbf_writer& to, const AttributeDef& a) {
  using Type = AttributeDef::Type;
  const bool one = a.type == Type::kTensor || a.type == Type::kGraph ||
                   a.type == Type::kSparseTensor || a.type == Type::kTypeProto;
  for (const TensorDef& item : a.tensors) {
    message(to, one ? field::attribute::kT : field::attribute::kTensors,
            [&](pbf_writer& m) { tensor(m, item); });
  }
  for (const auto& item : a.graphs) {
    message(to, one ? field::attribute::kG : field::attribute::kGraphs,
            [&](pbf_writer& m) { graph(m, *item); });
  }
  for (const SparseTensorDef& item : a.sparse_tensors) {
    message(to, one ? field::attribute::kSparseTensor : field::attribute::kSparseTensors,
            [&](pbf_writer& m) { sparse(m, item); });
  }
  for (const TypeDef& item : a.types) {
    message(to, one ? field::attribute::kTp : field::attribute::kTypeProtos,
            [&](pbf_writer& m) { type(m, item); });
  }
}

void Serializer::attribute_value(pbf_writer& to, const AttributeDef& a) {
  using Type = AttributeDef::Type;
  switch (a.type) {
    case Type::kUndefined:
      break;
    case Type::kFloat:
      to.add_float(field::attribute::kF, a.f);
      break;
    case Type::kInt:
      to.add_int64(field::attribute::kI, a.i);
      break;
    case Type::kString:
      to.add_bytes(field::attribute::kS, a.s);
      break;
    case Type::kFloats:
      for (const float f : a.floats) to.add_float(field::attribute::kFloats, f);
      break;
    case Type::kInts:
      for (const int64_t i : a.ints) to.add_int64(field::attribute::kInts, i);
      break;
    case Type::kStrings:
      for (const std::string& s : a.strings) to.add_bytes(field::attribute::kStrings, s);
      break;
    default:
      attribute_list(to, a);
  }
}

void Serializer::attribute(pbf_writer& to, const AttributeDef& a) {
  to.add_string(field::attribute::kName, a.name);
  text(to, field::attribute::kRefAttrName, a.ref_attr_name);
  text(to, field::attribute::kDoc, a.doc);
  to.add_enum(field::attribute::kType, static_cast<int32_t>(a.type));
  if (a.ref_attr_name.empty()) attribute_value(to, a);
}

void Serializer::node(pbf_writer& to, const NodeDef& node) {
  // Empty names are positions that are left out, so they are written too.
  for (const std::string& name : node.inputs) to.add_string(field::node::kInput, name);
  for (const std::string& name : node.outputs) to.add_string(field::node::kOutput, name);
  text(to, field::node::kName, node.name);
  to.add_string(field::node::kOpType, node.op_type);
  text(to, field::node::kDomain, node.domain);
  text(to, field::node::kOverload, node.overload);
  for (const AttributeDef& a : node.attributes) {
    message(to, field::node::kAttribute, [&](pbf_writer& m) { attribute(m, a); });
  }
  text(to, field::node::kDoc, node.doc);
  pairs(to, field::node::kMetadata, node.metadata);
}

void Serializer::graph(pbf_writer& to, const GraphDef& graph) {
  for (const NodeDef& n : graph.nodes) {
    message(to, field::graph::kNode, [&](pbf_writer& m) { node(m, n); });
  }
  to.add_string(field::graph::kName, graph.name);
  for (const TensorDef& t : graph.initializers) {
    message(to, field::graph::kInitializer, [&](pbf_writer& m) { tensor(m, t); });
  }
  text(to, field::graph::kDoc, graph.doc);
  const auto value_infos = [&](uint32_t number, const std::vector<ValueInfo>& values) {
    for (const ValueInfo& v : values) {
      message(to, number, [&](pbf_writer& m) { value_info(m, v); });
    }
  };
  value_infos(field::graph::kInput, graph.inputs);
  value_infos(field::graph::kOutput, graph.outputs);
  value_infos(field::graph::kValueInfo, graph.value_infos);
  for (const QuantAnnotation& q : graph.quant_annotations) {
    message(to, field::graph::kQuantAnnotation, [&](pbf_writer& m) {
      m.add_string(field::annotation::kTensorName, q.tensor_name);
      pairs(m, field::annotation::kParameters, q.parameters);
    });
  }
  for (const SparseTensorDef& s : graph.sparse_initializers) {
    message(to, field::graph::kSparseInitializer, [&](pbf_writer& m) { sparse(m, s); });
  }
  pairs(to, field::graph::kMetadata, graph.metadata);
}

void Serializer::function(pbf_writer& to, const FunctionDef& function) {
  to.add_string(field::function::kName, function.name);
  for (const std::string& name : function.inputs) to.add_string(field::function::kInput, name);
  for (const std::string& name : function.outputs) to.add_string(field::function::kOutput, name);
  for (const std::string& name : function.attributes) {
    to.add_string(field::function::kAttribute, name);
  }
  for (const NodeDef& n : function.nodes) {
    message(to, field::function::kNode, [&](pbf_writer& m) { node(m, n); });
  }
  text(to, field::function::kDoc, function.doc);
  for (const OpsetImport& o : function.opset_imports) opset(to, field::function::kOpsetImport, o);
  to.add_string(field::function::kDomain, function.domain);
  for (const AttributeDef& a : function.attribute_defaults) {
    message(to, field::function::kAttributeProto, [&](pbf_writer& m) { attribute(m, a); });
  }
  for (const ValueInfo& v : function.value_infos) {
    message(to, field::function::kValueInfo, [&](pbf_writer& m) { value_info(m, v); });
  }
  text(to, field::function::kOverload, function.overload);
  pairs(to, field::function::kMetadata, function.metadata);
}

Result<std::string> Serializer::run(const Model& model) {
  size_t inline_bytes = 0;
  for (const TensorDef& t : model.graph.initializers) {
    if (!t.external) inline_bytes += t.bytes.size();
  }
  if (inline_bytes <= kMaxFileBytes) {
    out_.reserve(inline_bytes + model.graph.nodes.size() * 128);
    pbf_writer to(out_);
    to.add_int64(field::model::kIrVersion, model.ir_version);
    text(to, field::model::kProducerName, model.producer_name);
    text(to, field::model::kProducerVersion, model.producer_version);
    text(to, field::model::kDomain, model.domain);
    if (model.model_version != 0) to.add_int64(field::model::kModelVersion, model.model_version);
    text(to, field::model::kDoc, model.doc);
    message(to, field::model::kGraph, [&](pbf_writer& m) { graph(m, model.graph); });
    for (const OpsetImport& o : model.opset_imports) opset(to, field::model::kOpsetImport, o);
    pairs(to, field::model::kMetadata, model.metadata);
    for (const FunctionDef& f : model.functions) {
      message(to, field::model::kFunctions, [&](pbf_writer& m) { function(m, f); });
    }
  }
  if (inline_bytes > kMaxFileBytes || too_large_ || out_.size() > kMaxFileBytes) {
    return out_of_range(
        "the model takes more than {} bytes, which is all that an ONNX file can hold: move large "
        "tensors to external data",
        kMaxFileBytes);
  }
  return std::move(out_);
}

}  // namespace

Result<ExternalDataWriter> ExternalDataWriter::create(const std::filesystem::path& folder,
                                                      std::string location) {
  const std::filesystem::path name(location);
  if (location.empty() || name.filename() != name || location == "." || location == "..") {
    return invalid_argument("external data: expected a bare file name, found `{}`", location);
  }
  ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(folder / name));
  return ExternalDataWriter(std::move(file), std::move(location));
}

Result<ExternalData> ExternalDataWriter::append(std::span<const std::byte> bytes) {
  static constexpr std::array<std::byte, kExternalAlignment> kZeros{};
  const size_t tail = file_.size() % kExternalAlignment;
  if (tail != 0) RETURN_IF_ERROR(file_.append(std::span(kZeros).first(kExternalAlignment - tail)));
  ExternalData place{location_, file_.size(), bytes.size()};
  RETURN_IF_ERROR(file_.append(bytes));
  return place;
}

Status ExternalDataWriter::commit() { return file_.commit(); }

Result<std::string> serialize_model(const Model& model) { return Serializer().run(model); }

Status write_model(const Model& model, const std::filesystem::path& path) {
  auto bytes = serialize_model(model);
  if (!bytes.ok()) return bytes.status().with_context(path.string());
  return write_file(path, *bytes);
}

}  // namespace escuta::onnx
