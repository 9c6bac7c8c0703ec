// Checks of inputs that are no tensors.
#pragma once

#include "ops/call.h"

namespace escuta::ops {

// For messages.
inline std::string_view datum_name(const Datum& datum) {
  switch (datum.kind()) {
    case Datum::Kind::kNone:
      return "nothing";
    case Datum::Kind::kTensor:
      return dtype_name(datum.dtype());
    case Datum::Kind::kSequence:
      return "a sequence";
    case Datum::Kind::kMap:
      return "a map";
  }
  return "something else";
}

// InvalidArgument unless input i is a sequence.
inline Status check_sequence(const Call& call, size_t i) {
  if (call.input(i).kind() == Datum::Kind::kSequence) return {};
  return invalid_argument("input {}: expected a sequence, found {}", i, datum_name(call.input(i)));
}

// InvalidArgument unless input i is a map.
inline Status check_map(const Call& call, size_t i) {
  if (call.input(i).kind() == Datum::Kind::kMap) return {};
  return invalid_argument("input {}: expected a map, found {}", i, datum_name(call.input(i)));
}

}  // namespace escuta::ops
