// What a model file may ask for. Far above what real models need, far below
// what hurts.
#pragma once

#include <cstddef>

namespace escuta::onnx {

// Graphs within attributes of nodes of graphs ...; protobuf's own limit of 100
// nested messages comes to 33 such levels.
inline constexpr int kMaxGraphDepth = 32;
inline constexpr int kMaxTypeDepth = 32;  // sequence(optional(map(...)))

// Memory that a parsed model may take beyond its mapped file. A file of many tiny messages asks
// for more than its size, since each becomes a struct: exports take up to 3 times their size with
// the weights inside, and up to 8 times, which is a few megabytes then, without.
inline constexpr size_t kMemoryFloor = size_t{128} << 20;
inline constexpr size_t kMemoryPerFileByte = 4;

// Of that, what the graph, its passes and the engine will make of a node or a
// constant, and of a value's type.
inline constexpr size_t kMemoryPerNode = 1536;
inline constexpr size_t kMemoryPerValue = 512;

}  // namespace escuta::onnx
