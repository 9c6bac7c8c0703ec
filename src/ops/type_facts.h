// Facts of sequences and optionals, and what holds of a value that comes from either of two places.
#pragma once

#include "graph/fact.h"

namespace escuta::ops {

// "sequence of float [...]", for elements of that fact; unknown when the element is.
graph::Fact sequence_fact(const graph::Fact& element);
graph::Fact optional_fact(const graph::Fact& element);
// What holds of each item of a sequence; unknown when that is no sequence.
graph::Fact item_fact(const graph::Fact& sequence);
// What an optional holds; other facts stay as they are.
graph::Fact content_fact(const graph::Fact& optional);

// What is true of a value that is as `a` or as `b`: dimensions that differ are unknown.
graph::Fact merge_facts(const graph::Fact& a, const graph::Fact& b);
// The type alone: no shape, no elements, in sequences and optionals too.
graph::Fact type_only(const graph::Fact& fact);

}  // namespace escuta::ops
