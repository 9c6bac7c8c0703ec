// ONNX files -> Model: the protobuf wire format (onnx.proto of the ONNX
// specification), parsed in place over protozero.
//
// A model file is hostile input. Every count, length and nesting depth is
// bounded; external data may not leave the model's folder (no absolute path, no
// "..", no link that leads out); a tensor's bytes must be exactly what its type
// and shape ask for. What is refused is refused before memory is taken for it.
// Memory at load stays within limits.h. A mapped file must not be cut short
// while its model lives: the system ends programs that read beyond the end. Any
// thread.
#pragma once

#include <filesystem>
#include <memory>

#include "base/files.h"
#include "base/status.h"
#include "onnx/model.h"

namespace escuta::onnx {

struct ReadOptions {
  // Map the files that external data names and check them. Without:
  // TensorDef::external says where the data would be, and bytes stay empty.
  bool load_external_data = true;
  // Copy tensors of fewer bytes than this whose bytes begin at a misaligned
  // address, as most do that are inside a protobuf file, so that
  // TensorDef::bytes can be read as the element type. 0: everything is used in
  // place, which is enough for those who look at the model and do not compute
  // with it.
  size_t align_data_under = SIZE_MAX;
};

// InvalidArgument: not ONNX, or against the limits above. DataLoss: cut off, or
// external data that is missing or short. The message starts with the path.
Result<Model> read_model(const std::filesystem::path& path, const ReadOptions& options = {});

// The same from memory, which must live as long as the model's tensors are used
// (or be owned by `owner`). `folder` is where external data is looked for;
// empty: external data is refused.
Result<Model> parse_model(std::span<const std::byte> bytes, const std::filesystem::path& folder,
                          std::shared_ptr<const void> owner = nullptr,
                          const ReadOptions& options = {});

}  // namespace escuta::onnx
