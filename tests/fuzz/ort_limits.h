// What ONNX Runtime 1.31.1 does not run on its CPU provider, or runs wrong: choices that graphs
// for it leave out, each with the reason.
#pragma once

#include <string>

#include "builder.h"

namespace escuta::fuzz {

struct OrtLimit {
  const char* domain;
  const char* op;
  int since, until;       // operator sets of ai.onnx
  Types types;            // of an input (`input`); empty: any
  int input;              // which
  const char* attribute;  // only where it is set; "": always
  const char* reason;
};

// The first line that holds for a node; nullptr: none.
const OrtLimit* find_ort_limit(const Node& node, int opset, const std::vector<const Made*>& inputs);

}  // namespace escuta::fuzz
