// AttributeProto and TypeProto.
#include "base/printable.h"
#include "onnx/fields.h"
#include "onnx/parser.h"
#include "onnx/parser_inl.h"
#include "tensor/shape.h"

namespace escuta::onnx {
namespace {

using Type = AttributeDef::Type;

constexpr Type kLastType = Type::kTypeProtos;

// The field that holds the value of an attribute of type `type`.
uint32_t value_field(Type type) {
  switch (type) {
    case Type::kUndefined:
      return 0;
    case Type::kFloat:
      return field::attribute::kF;
    case Type::kInt:
      return field::attribute::kI;
    case Type::kString:
      return field::attribute::kS;
    case Type::kTensor:
      return field::attribute::kT;
    case Type::kGraph:
      return field::attribute::kG;
    case Type::kFloats:
      return field::attribute::kFloats;
    case Type::kInts:
      return field::attribute::kInts;
    case Type::kStrings:
      return field::attribute::kStrings;
    case Type::kTensors:
      return field::attribute::kTensors;
    case Type::kGraphs:
      return field::attribute::kGraphs;
    case Type::kSparseTensor:
      return field::attribute::kSparseTensor;
    case Type::kSparseTensors:
      return field::attribute::kSparseTensors;
    case Type::kTypeProto:
      return field::attribute::kTp;
    case Type::kTypeProtos:
      return field::attribute::kTypeProtos;
  }
  return 0;
}

bool is_message(Type type) {
  return type == Type::kTensor || type == Type::kGraph || type == Type::kSparseTensor ||
         type == Type::kTypeProto;
}

// Settles which value holds. `seen` has bit N for field N. Files older than IR
// version 2 have no type: it follows from the field.
Status settle_type(AttributeDef& out, uint32_t seen) {
  if (out.type == Type::kUndefined) {
    for (int i = 1; i <= static_cast<int>(kLastType); ++i) {
      if (seen == uint32_t{1} << value_field(static_cast<Type>(i))) out.type = static_cast<Type>(i);
    }
  }
  const uint32_t own = out.type == Type::kUndefined ? 0 : uint32_t{1} << value_field(out.type);
  if ((seen & ~own) != 0) {
    return invalid_argument(
        "expected one value, of the attribute's type {}, found one of another type",
        static_cast<int>(out.type));
  }
  if (is_message(out.type) && (seen & own) == 0 && out.ref_attr_name.empty()) {
    return invalid_argument("expected a value of the attribute's type {}, found none",
                            static_cast<int>(out.type));
  }
  return Status();
}

}  // namespace

Status Parser::attribute_graph(Reader m, AttributeDef& out, int depth) {
  if (depth >= kMaxGraphDepth) {
    return invalid_argument("expected graphs at most {} deep in one another, found more",
                            kMaxGraphDepth);
  }
  if (!charge(sizeof(GraphDef))) return out_of_memory();
  auto made = std::make_shared<GraphDef>();
  RETURN_IF_ERROR(graph(m, *made, depth + 1));
  append(out.graphs) = std::move(made);
  return Status();
}

Status Parser::attribute_field(Reader& m, AttributeDef& out, int depth, uint32_t& seen) {
  const uint32_t bit = uint32_t{1} << m.tag();
  // A message that is not repeated, given twice, would be merged by protobuf;
  // no writer does that.
  const auto once = [&] {
    return (seen & bit) == 0 ? Status() : invalid_argument("expected one value, found two");
  };
  switch (m.tag_and_type()) {
    case field::fixed32(field::attribute::kF):
      out.f = m.get_float();
      break;
    case field::varint(field::attribute::kI):
      out.i = m.get_int64();
      break;
    case field::bytes(field::attribute::kS):
      text(m, out.s);
      break;
    case field::fixed32(field::attribute::kFloats):
    case field::bytes(field::attribute::kFloats):
      floats(m, out.floats);
      break;
    case field::varint(field::attribute::kInts):
    case field::bytes(field::attribute::kInts):
      ints(m, out.ints);
      break;
    case field::bytes(field::attribute::kStrings):
      text(m, append(out.strings));
      break;
    case field::bytes(field::attribute::kT):
      RETURN_IF_ERROR(once());
      [[fallthrough]];
    case field::bytes(field::attribute::kTensors):
      RETURN_IF_ERROR(tensor(m.get_message(), append(out.tensors)));
      break;
    case field::bytes(field::attribute::kG):
      RETURN_IF_ERROR(once());
      [[fallthrough]];
    case field::bytes(field::attribute::kGraphs):
      RETURN_IF_ERROR(attribute_graph(m.get_message(), out, depth));
      break;
    case field::bytes(field::attribute::kSparseTensor):
      RETURN_IF_ERROR(once());
      [[fallthrough]];
    case field::bytes(field::attribute::kSparseTensors):
      RETURN_IF_ERROR(sparse(m.get_message(), append(out.sparse_tensors)));
      break;
    case field::bytes(field::attribute::kTp):
      RETURN_IF_ERROR(once());
      [[fallthrough]];
    case field::bytes(field::attribute::kTypeProtos):
      RETURN_IF_ERROR(type(m.get_message(), append(out.types), 1));
      break;
    default:
      m.skip();
      return Status();
  }
  seen |= bit;
  return Status();
}

Status Parser::attribute(Reader m, AttributeDef& out, int depth) {
  uint32_t seen = 0;
  Status status;
  while (status.ok() && next(m)) {
    switch (m.tag_and_type()) {
      case field::bytes(field::attribute::kName):
        text(m, out.name);
        break;
      case field::bytes(field::attribute::kRefAttrName):
        text(m, out.ref_attr_name);
        break;
      case field::bytes(field::attribute::kDoc):
        text(m, out.doc);
        break;
      case field::varint(field::attribute::kType): {
        const int64_t type = m.get_int64();
        if (type < 0 || type > static_cast<int64_t>(kLastType)) {
          status = invalid_argument("expected a type from 0 to {}, found {}",
                                    static_cast<int>(kLastType), type);
        } else {
          out.type = static_cast<Type>(type);
        }
        break;
      }
      default:
        if (m.tag() > field::attribute::kSparseTensors) {
          m.skip();
        } else {
          status = attribute_field(m, out, depth, seen);
        }
    }
  }
  if (status.ok()) status = settle_type(out, seen);
  if (status.ok()) return status;
  return in_context(status, fmt::format("attribute `{}`", printable(out.name)));
}

void Parser::dim(Reader m, TypeDef& out) {
  DimDef& dim = append(*out.shape);
  std::string denotation;
  while (next(m)) {
    switch (m.tag_and_type()) {
      case field::varint(field::dim::kValue):
        dim = m.get_int64();
        break;
      case field::bytes(field::dim::kParam):
        text(m, dim.emplace<std::string>());
        break;
      case field::bytes(field::dim::kDenotation):
        text(m, denotation);
        break;
      default:
        m.skip();
    }
  }
  if (denotation.empty()) return;
  out.dim_denotations.resize(out.shape->size());
  out.dim_denotations.back() = std::move(denotation);
}

Status Parser::shape(Reader m, TypeDef& out) {
  if (out.shape) return invalid_argument("expected one shape, found two");
  out.shape.emplace();
  while (next(m)) {
    switch (m.tag_and_type()) {
      case field::bytes(field::shape::kDim):
        if (out.shape->size() == kMaxRank) {
          return invalid_argument("expected at most {} dimensions, found more", kMaxRank);
        }
        dim(m.get_message(), out);
        break;
      default:
        m.skip();
    }
  }
  if (!out.dim_denotations.empty()) out.dim_denotations.resize(out.shape->size());
  return Status();
}

Status Parser::tensor_type(Reader m, TypeDef& out) {
  while (next(m)) {
    switch (m.tag_and_type()) {
      case field::varint(field::tensor_type::kElemType):
        RETURN_IF_ERROR(dtype(m, out.dtype));
        break;
      case field::bytes(field::tensor_type::kShape):
        RETURN_IF_ERROR(shape(m.get_message(), out));
        break;
      default:
        m.skip();
    }
  }
  return Status();
}

// Sequence, optional and map; `number` is the field of the inner type.
Status Parser::element_type(Reader m, TypeDef& out, int depth, uint32_t number) {
  while (next(m)) {
    if (m.tag_and_type() == field::bytes(number)) {
      if (out.element != nullptr) return invalid_argument("expected one inner type, found two");
      if (depth >= kMaxTypeDepth) {
        return invalid_argument("expected types at most {} deep in one another, found more",
                                kMaxTypeDepth);
      }
      if (!charge(sizeof(TypeDef))) return out_of_memory();
      auto element = std::make_shared<TypeDef>();
      RETURN_IF_ERROR(type(m.get_message(), *element, depth + 1));
      out.element = std::move(element);
    } else if (out.kind == TypeDef::Kind::kMap &&
               m.tag_and_type() == field::varint(field::map_type::kKeyType)) {
      RETURN_IF_ERROR(dtype(m, out.dtype));
    } else {
      m.skip();
    }
  }
  if (out.element == nullptr) return invalid_argument("expected an inner type, found none");
  return Status();
}

Status Parser::type(Reader m, TypeDef& out, int depth) {
  using Kind = TypeDef::Kind;
  const auto become = [&](Kind kind) {
    if (out.kind != Kind::kNone) return invalid_argument("expected one type, found two");
    out.kind = kind;
    return Status();
  };
  while (next(m)) {
    switch (m.tag_and_type()) {
      case field::bytes(field::type::kTensor):
        RETURN_IF_ERROR(become(Kind::kTensor));
        RETURN_IF_ERROR(tensor_type(m.get_message(), out));
        break;
      case field::bytes(field::type::kSparseTensor):
        RETURN_IF_ERROR(become(Kind::kSparseTensor));
        RETURN_IF_ERROR(tensor_type(m.get_message(), out));
        break;
      case field::bytes(field::type::kSequence):
        RETURN_IF_ERROR(become(Kind::kSequence));
        RETURN_IF_ERROR(element_type(m.get_message(), out, depth, field::element_type::kElemType));
        break;
      case field::bytes(field::type::kOptional):
        RETURN_IF_ERROR(become(Kind::kOptional));
        RETURN_IF_ERROR(element_type(m.get_message(), out, depth, field::element_type::kElemType));
        break;
      case field::bytes(field::type::kMap):
        RETURN_IF_ERROR(become(Kind::kMap));
        RETURN_IF_ERROR(element_type(m.get_message(), out, depth, field::map_type::kValueType));
        break;
      case field::bytes(field::type::kOpaque): {
        RETURN_IF_ERROR(become(Kind::kOpaque));
        Reader opaque = m.get_message();
        while (next(opaque)) {
          if (opaque.tag_and_type() == field::bytes(field::opaque_type::kDomain)) {
            text(opaque, out.opaque_domain);
          } else if (opaque.tag_and_type() == field::bytes(field::opaque_type::kName)) {
            text(opaque, out.opaque_name);
          } else {
            opaque.skip();
          }
        }
        break;
      }
      case field::bytes(field::type::kDenotation):
        text(m, out.denotation);
        break;
      default:
        m.skip();
    }
  }
  return Status();
}

}  // namespace escuta::onnx
