// Model -> ONNX files: protobuf wire format over protozero, large tensors in an
// external file.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "base/files.h"
#include "base/status.h"
#include "onnx/model.h"

namespace escuta::onnx {

// One external-data file being written: tensors are appended one at a time, so
// that a model larger than memory can be made. Appears under its name on
// commit() only. One thread.
class ExternalDataWriter {
 public:
  // Writes folder/location; `location` is a bare file name.
  static Result<ExternalDataWriter> create(const std::filesystem::path& folder,
                                           std::string location);

  // The place of the appended bytes, for TensorDef::external. Offsets are
  // multiples of 4096, so that a reader can map them (onnx.proto, external_data
  // "offset").
  Result<ExternalData> append(std::span<const std::byte> bytes);

  Status commit();

 private:
  ExternalDataWriter(AtomicFile file, std::string location)
      : file_(std::move(file)), location_(std::move(location)) {}
  AtomicFile file_;
  std::string location_;
};

// The serialised model. Tensors with `external` set are written as references,
// others with their bytes inside. OutOfRange over 2 GiB, protobuf's limit: move
// tensors to external data first.
Result<std::string> serialize_model(const Model& model);

// serialize_model to a file that appears whole or not at all.
Status write_model(const Model& model, const std::filesystem::path& path);

}  // namespace escuta::onnx
