// Values that stand alone in a file: TensorProto (onnx.proto), SequenceProto, MapProto and
// OptionalProto (onnx-data.proto). Inputs and expected outputs of ONNX's backend tests have this
// form.
//
// Read like a model (reader.h): bounded, any bytes get an answer, tensors borrow from the file that
// keep_alive holds. Plain values; read-only after they are made; then any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "onnx/model.h"
#include "tensor/datum.h"

namespace escuta::onnx {

// What flows along an edge of a graph.
struct DataDef {
  std::string name;
  TypeDef::Kind kind = TypeDef::Kind::kNone;  // kTensor, kSequence, kMap or kOptional
  TensorDef tensor;                           // of kTensor; of kMap the keys, [elements.size()]
  // Of kSequence its elements, of kMap its values in the order of the keys, of kOptional its value
  // or nothing.
  std::vector<DataDef> elements;
};

struct DataFile {
  DataDef value;
  std::vector<std::shared_ptr<const void>> keep_alive;  // owners of what tensors borrow
};

// The file does not say which kind of value it holds at the top; the model's TypeProto does.
// InvalidArgument: not such a value, or against limits.h. Unimplemented: sparse tensors, opaque
// types. Tensors are aligned to their elements. The message starts with the path.
Result<DataFile> read_data(const std::filesystem::path& path, TypeDef::Kind kind);

// The same from memory, which must live as long as the value (or be owned by `owner`).
Result<DataFile> parse_data(std::span<const std::byte> bytes, TypeDef::Kind kind,
                            std::shared_ptr<const void> owner = nullptr);

// The value in memory of its own; an optional is what it holds, or nothing. InvalidArgument: a map
// whose keys are not distinct, or whose values are not single elements of one type.
Result<Datum> to_datum(const DataDef& value);

}  // namespace escuta::onnx
