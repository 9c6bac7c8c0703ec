#include "ops/type_facts.h"

namespace escuta::ops {
namespace {

using graph::Fact;
using onnx::DimDef;
using onnx::TypeDef;
using Kind = TypeDef::Kind;

Fact wrapped(Kind kind, const Fact& element) {
  Fact fact;
  if (!element.is_known()) return fact;
  auto type = std::make_shared<TypeDef>();
  type->kind = kind;
  type->element = std::make_shared<const TypeDef>(element.to_type());
  fact.other = std::move(type);
  return fact;
}

Fact unwrapped(Kind kind, const Fact& fact) {
  if (fact.other == nullptr || fact.other->kind != kind || fact.other->element == nullptr) {
    return {};
  }
  return Fact::of(*fact.other->element);
}

// kNone where they are of different kinds. Types of files are at most onnx::kMaxTypeDepth deep.
TypeDef merge_types(const TypeDef& a, const TypeDef& b) {
  TypeDef merged;
  if (a.kind != b.kind || a.dtype != b.dtype) return merged;
  merged.kind = a.kind;
  merged.dtype = a.dtype;
  if (a.kind == Kind::kOpaque) {
    if (a.opaque_domain != b.opaque_domain || a.opaque_name != b.opaque_name) return {};
    merged.opaque_domain = a.opaque_domain;
    merged.opaque_name = a.opaque_name;
  }
  if (a.shape && b.shape && a.shape->size() == b.shape->size()) {
    merged.shape.emplace();
    for (size_t i = 0; i < a.shape->size(); ++i) {
      merged.shape->push_back((*a.shape)[i] == (*b.shape)[i] ? (*a.shape)[i] : DimDef());
    }
  }
  if (a.element != nullptr && b.element != nullptr) {
    TypeDef element = merge_types(*a.element, *b.element);
    if (element.kind == Kind::kNone) return {};
    merged.element = std::make_shared<const TypeDef>(std::move(element));
  }
  return merged;
}

TypeDef without_shape(const TypeDef& type) {
  TypeDef result = type;
  result.shape.reset();
  result.dim_denotations.clear();
  if (type.element != nullptr) {
    result.element = std::make_shared<const TypeDef>(without_shape(*type.element));
  }
  return result;
}

}  // namespace

Fact sequence_fact(const Fact& element) { return wrapped(Kind::kSequence, element); }

Fact optional_fact(const Fact& element) { return wrapped(Kind::kOptional, element); }

Fact item_fact(const Fact& sequence) { return unwrapped(Kind::kSequence, sequence); }

Fact content_fact(const Fact& optional) {
  if (optional.other != nullptr && optional.other->kind == Kind::kOptional) {
    return unwrapped(Kind::kOptional, optional);
  }
  return optional;
}

Fact merge_facts(const Fact& a, const Fact& b) {
  if (!a.is_known() || !b.is_known()) return {};
  return Fact::of(merge_types(a.to_type(), b.to_type()));
}

Fact type_only(const Fact& fact) {
  if (!fact.is_known()) return {};
  return Fact::of(without_shape(fact.to_type()));
}

}  // namespace escuta::ops
