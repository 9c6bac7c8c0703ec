// The field numbers of onnx.proto (ONNX 1.22, package onnx), one namespace per
// message. Reader and writer both take them from here.
#pragma once

#include <protozero/types.hpp>

namespace escuta::onnx::field {

// The key of a field on the wire: number and wire type. A parser switches over
// pbf_reader::tag_and_type() and skips what it does not know, as protobuf asks
// for.
constexpr uint32_t varint(uint32_t number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::varint);
}
constexpr uint32_t bytes(uint32_t number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::length_delimited);
}
constexpr uint32_t fixed32(uint32_t number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::fixed32);
}
constexpr uint32_t fixed64(uint32_t number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::fixed64);
}

namespace model {
enum : uint32_t {
  kIrVersion = 1,
  kProducerName = 2,
  kProducerVersion = 3,
  kDomain = 4,
  kModelVersion = 5,
  kDoc = 6,
  kGraph = 7,
  kOpsetImport = 8,
  kMetadata = 14,
  kTrainingInfo = 20,
  kFunctions = 25,
  kConfiguration = 26,
};
}
namespace pair {  // StringStringEntryProto
enum : uint32_t { kKey = 1, kValue = 2 };
}
namespace opset {  // OperatorSetIdProto
enum : uint32_t { kDomain = 1, kVersion = 2 };
}
namespace graph {
enum : uint32_t {
  kNode = 1,
  kName = 2,
  kInitializer = 5,
  kDoc = 10,
  kInput = 11,
  kOutput = 12,
  kValueInfo = 13,
  kQuantAnnotation = 14,
  kSparseInitializer = 15,
  kMetadata = 16,
};
}
namespace annotation {  // TensorAnnotation
enum : uint32_t { kTensorName = 1, kParameters = 2 };
}
namespace node {
enum : uint32_t {
  kInput = 1,
  kOutput = 2,
  kName = 3,
  kOpType = 4,
  kAttribute = 5,
  kDoc = 6,
  kDomain = 7,
  kOverload = 8,
  kMetadata = 9,
};
}
namespace attribute {
enum : uint32_t {
  kName = 1,
  kF = 2,
  kI = 3,
  kS = 4,
  kT = 5,
  kG = 6,
  kFloats = 7,
  kInts = 8,
  kStrings = 9,
  kTensors = 10,
  kGraphs = 11,
  kDoc = 13,
  kTp = 14,
  kTypeProtos = 15,
  kType = 20,
  kRefAttrName = 21,
  kSparseTensor = 22,
  kSparseTensors = 23,
};
}
namespace value_info {
enum : uint32_t { kName = 1, kType = 2, kDoc = 3, kMetadata = 4 };
}
namespace type {
enum : uint32_t {
  kTensor = 1,
  kSequence = 4,
  kMap = 5,
  kDenotation = 6,
  kOpaque = 7,
  kSparseTensor = 8,
  kOptional = 9,
};
}
namespace tensor_type {  // TypeProto.Tensor and TypeProto.SparseTensor
enum : uint32_t { kElemType = 1, kShape = 2 };
}
namespace element_type {  // TypeProto.Sequence and TypeProto.Optional
enum : uint32_t { kElemType = 1 };
}
namespace map_type {
enum : uint32_t { kKeyType = 1, kValueType = 2 };
}
namespace opaque_type {
enum : uint32_t { kDomain = 1, kName = 2 };
}
namespace shape {
enum : uint32_t { kDim = 1 };
}
namespace dim {
enum : uint32_t { kValue = 1, kParam = 2, kDenotation = 3 };
}
namespace tensor {
enum : uint32_t {
  kDims = 1,
  kDataType = 2,
  kSegment = 3,
  kFloatData = 4,
  kInt32Data = 5,
  kStringData = 6,
  kInt64Data = 7,
  kName = 8,
  kRawData = 9,
  kDoubleData = 10,
  kUint64Data = 11,
  kDoc = 12,
  kExternalData = 13,
  kDataLocation = 14,
  kMetadata = 16,
};
}
namespace sparse_tensor {
enum : uint32_t { kValues = 1, kIndices = 2, kDims = 3 };
}
namespace function {
enum : uint32_t {
  kName = 1,
  kInput = 4,
  kOutput = 5,
  kAttribute = 6,
  kNode = 7,
  kDoc = 8,
  kOpsetImport = 9,
  kDomain = 10,
  kAttributeProto = 11,
  kValueInfo = 12,
  kOverload = 13,
  kMetadata = 14,
};
}

// Values that stand alone in a file (onnx-data.proto).
namespace sequence {  // SequenceProto
enum : uint32_t {
  kName = 1,
  kElemType = 2,
  kTensors = 3,
  kSparseTensors = 4,
  kSequences = 5,
  kMaps = 6,
  kOptionals = 7,
};
}
namespace map {  // MapProto
enum : uint32_t { kName = 1, kKeyType = 2, kKeys = 3, kStringKeys = 4, kValues = 5 };
}
namespace optional {  // OptionalProto
enum : uint32_t {
  kName = 1,
  kElemType = 2,
  kTensor = 3,
  kSparseTensor = 4,
  kSequence = 5,
  kMap = 6,
  kOptional = 7,
};
}

}  // namespace escuta::onnx::field
