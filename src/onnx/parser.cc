#include "onnx/parser.h"

#include <algorithm>

#include "base/printable.h"
#include "onnx/fields.h"
#include "onnx/parser_inl.h"

namespace escuta::onnx {

using protozero::pbf_wire_type;

bool Parser::next(Reader& m) {
  if (memory_exceeded_) return false;
  at_ = m.data().data();
  return m.next();
}

bool Parser::charge(size_t bytes) {
  if (bytes > memory_left_) memory_exceeded_ = true;
  if (memory_exceeded_) return false;
  memory_left_ -= bytes;
  return true;
}

Status Parser::out_of_memory() const {
  return resource_exhausted(
      "expected a model that takes at most {} bytes of memory for its {} bytes, found more",
      kMemoryFloor + kMemoryPerFileByte * file_.size(), file_.size());
}

void Parser::text(Reader& m, std::string& out) {
  const auto view = m.get_view();
  if (charge(view.size())) out.assign(view.data(), view.size());
}

void Parser::pair(Reader m, StringPairs& out) {
  auto& [key, value] = append(out);
  while (next(m)) {
    switch (m.tag_and_type()) {
      case field::bytes(field::pair::kKey):
        text(m, key);
        break;
      case field::bytes(field::pair::kValue):
        text(m, value);
        break;
      default:
        m.skip();
    }
  }
}

void Parser::ints(Reader& m, std::vector<int64_t>& out) {
  if (m.has_wire_type(pbf_wire_type::varint)) {
    append(out) = m.get_int64();
    return;
  }
  const auto view = m.get_view();
  if (!charge(count_varints(view) * sizeof(int64_t))) return;
  for_each_varint(view, [&](uint64_t value) { out.push_back(static_cast<int64_t>(value)); });
}

void Parser::floats(Reader& m, std::vector<float>& out) {
  if (m.has_wire_type(pbf_wire_type::fixed32)) {
    append(out) = m.get_float();
    return;
  }
  const auto values = m.get_packed_float();
  if (charge(static_cast<size_t>(values.size()) * sizeof(float))) {
    out.insert(out.end(), values.begin(), values.end());
  }
}

Status Parser::dtype(Reader& m, DType& out) {
  ASSIGN_OR_RETURN(out, dtype_from_onnx(m.get_int64()));
  return Status();
}

Status Parser::parse(Model& out) {
  Status status = model(Reader(start(), file_.size()), out);
  if (memory_exceeded_) return out_of_memory();
  RETURN_IF_ERROR(std::move(status));
  out.keep_alive = arena_.release();
  for (auto& owner : files_.release()) out.keep_alive.push_back(std::move(owner));
  return Status();
}

// The graph and the functions are looked into when the whole top level has been
// seen: a file that is cut off, or is no ONNX, is found out before any work is
// done.
Status Parser::model(Reader m, Model& out) {
  std::vector<protozero::data_view> graphs, functions;
  const auto leave_out = [&](const char* name) {
    m.skip();
    if (std::ranges::find(out.fields_left_out, name) == out.fields_left_out.end()) {
      append(out.fields_left_out) = name;
    }
  };
  while (next(m)) {
    switch (m.tag_and_type()) {
      case field::varint(field::model::kIrVersion):
        out.ir_version = m.get_int64();
        break;
      case field::bytes(field::model::kProducerName):
        text(m, out.producer_name);
        break;
      case field::bytes(field::model::kProducerVersion):
        text(m, out.producer_version);
        break;
      case field::bytes(field::model::kDomain):
        text(m, out.domain);
        break;
      case field::varint(field::model::kModelVersion):
        out.model_version = m.get_int64();
        break;
      case field::bytes(field::model::kDoc):
        text(m, out.doc);
        break;
      case field::bytes(field::model::kGraph):
        append(graphs) = m.get_view();
        break;
      case field::bytes(field::model::kOpsetImport):
        opset(m.get_message(), out.opset_imports);
        break;
      case field::bytes(field::model::kMetadata):
        pair(m.get_message(), out.metadata);
        break;
      case field::bytes(field::model::kFunctions):
        append(functions) = m.get_view();
        break;
      case field::bytes(field::model::kTrainingInfo):
        leave_out("training_info");
        break;
      case field::bytes(field::model::kConfiguration):
        leave_out("configuration");
        break;
      default:
        m.skip();
    }
  }
  top_level_ = false;
  if (graphs.size() != 1) {
    return invalid_argument("expected an ONNX model with one graph, found {}",
                            graphs.empty() ? "none" : std::to_string(graphs.size()));
  }
  RETURN_IF_ERROR(graph(Reader(graphs.front()), out.graph, 1));
  for (const auto& view : functions) RETURN_IF_ERROR(function(Reader(view), append(out.functions)));
  return Status();
}

void Parser::opset(Reader m, std::vector<OpsetImport>& out) {
  OpsetImport& import = append(out);
  while (next(m)) {
    switch (m.tag_and_type()) {
      case field::bytes(field::opset::kDomain):
        text(m, import.domain);
        break;
      case field::varint(field::opset::kVersion):
        import.version = m.get_int64();
        break;
      default:
        m.skip();
    }
  }
}

Status Parser::function(Reader m, FunctionDef& out) {
  while (next(m)) {
    switch (m.tag_and_type()) {
      case field::bytes(field::function::kName):
        text(m, out.name);
        break;
      case field::bytes(field::function::kDomain):
        text(m, out.domain);
        break;
      case field::bytes(field::function::kOverload):
        text(m, out.overload);
        break;
      case field::bytes(field::function::kInput):
        text(m, append(out.inputs));
        break;
      case field::bytes(field::function::kOutput):
        text(m, append(out.outputs));
        break;
      case field::bytes(field::function::kAttribute):
        text(m, append(out.attributes));
        break;
      case field::bytes(field::function::kAttributeProto):
        RETURN_IF_ERROR(attribute(m.get_message(), append(out.attribute_defaults), 1));
        break;
      case field::bytes(field::function::kNode):
        RETURN_IF_ERROR(node(m.get_message(), append(out.nodes), 1));
        break;
      case field::bytes(field::function::kOpsetImport):
        opset(m.get_message(), out.opset_imports);
        break;
      case field::bytes(field::function::kValueInfo):
        RETURN_IF_ERROR(value_info(m.get_message(), append(out.value_infos)));
        break;
      case field::bytes(field::function::kDoc):
        text(m, out.doc);
        break;
      case field::bytes(field::function::kMetadata):
        pair(m.get_message(), out.metadata);
        break;
      default:
        m.skip();
    }
  }
  return Status();
}

void Parser::quant_annotation(Reader m, QuantAnnotation& out) {
  while (next(m)) {
    switch (m.tag_and_type()) {
      case field::bytes(field::annotation::kTensorName):
        text(m, out.tensor_name);
        break;
      case field::bytes(field::annotation::kParameters):
        pair(m.get_message(), out.parameters);
        break;
      default:
        m.skip();
    }
  }
}

Status Parser::graph(Reader m, GraphDef& out, int depth) {
  while (next(m)) {
    switch (m.tag_and_type()) {
      case field::bytes(field::graph::kNode):
        RETURN_IF_ERROR(node(m.get_message(), append(out.nodes), depth));
        break;
      case field::bytes(field::graph::kName):
        text(m, out.name);
        break;
      case field::bytes(field::graph::kInitializer):
        RETURN_IF_ERROR(tensor(m.get_message(), append(out.initializers)));
        break;
      case field::bytes(field::graph::kSparseInitializer):
        RETURN_IF_ERROR(sparse(m.get_message(), append(out.sparse_initializers)));
        break;
      case field::bytes(field::graph::kInput):
        RETURN_IF_ERROR(value_info(m.get_message(), append(out.inputs)));
        break;
      case field::bytes(field::graph::kOutput):
        RETURN_IF_ERROR(value_info(m.get_message(), append(out.outputs)));
        break;
      case field::bytes(field::graph::kValueInfo):
        RETURN_IF_ERROR(value_info(m.get_message(), append(out.value_infos)));
        break;
      case field::bytes(field::graph::kQuantAnnotation):
        quant_annotation(m.get_message(), append(out.quant_annotations));
        break;
      case field::bytes(field::graph::kDoc):
        text(m, out.doc);
        break;
      case field::bytes(field::graph::kMetadata):
        pair(m.get_message(), out.metadata);
        break;
      default:
        m.skip();
    }
  }
  return Status();
}

Status Parser::node_fields(Reader& m, NodeDef& out, int depth) {
  while (next(m)) {
    switch (m.tag_and_type()) {
      case field::bytes(field::node::kInput):
        text(m, append(out.inputs));
        break;
      case field::bytes(field::node::kOutput):
        text(m, append(out.outputs));
        break;
      case field::bytes(field::node::kName):
        text(m, out.name);
        break;
      case field::bytes(field::node::kOpType):
        text(m, out.op_type);
        break;
      case field::bytes(field::node::kDomain):
        text(m, out.domain);
        break;
      case field::bytes(field::node::kOverload):
        text(m, out.overload);
        break;
      case field::bytes(field::node::kAttribute):
        RETURN_IF_ERROR(attribute(m.get_message(), append(out.attributes), depth));
        break;
      case field::bytes(field::node::kDoc):
        text(m, out.doc);
        break;
      case field::bytes(field::node::kMetadata):
        pair(m.get_message(), out.metadata);
        break;
      default:
        m.skip();
    }
  }
  return Status();
}

Status Parser::node(Reader m, NodeDef& out, int depth) {
  Status status = node_fields(m, out, depth);
  if (status.ok() && out.op_type.empty()) {
    status = invalid_argument("expected an operator type, found none");
  }
  if (status.ok()) return status;
  return in_context(
      status, fmt::format("node `{}` ({})", printable(out.name, 60), printable(out.op_type, 40)));
}

Status Parser::value_info(Reader m, ValueInfo& out) {
  bool typed = false;
  while (next(m)) {
    switch (m.tag_and_type()) {
      case field::bytes(field::value_info::kName):
        text(m, out.name);
        break;
      case field::bytes(field::value_info::kType): {
        if (std::exchange(typed, true)) {
          return invalid_argument("value `{}`: expected one type, found two", printable(out.name));
        }
        const Status status = type(m.get_message(), out.type, 1);
        if (!status.ok()) return in_context(status, fmt::format("value `{}`", printable(out.name)));
        break;
      }
      case field::bytes(field::value_info::kDoc):
        text(m, out.doc);
        break;
      case field::bytes(field::value_info::kMetadata):
        pair(m.get_message(), out.metadata);
        break;
      default:
        m.skip();
    }
  }
  return Status();
}

}  // namespace escuta::onnx
