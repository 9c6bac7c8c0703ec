// The files beside a model that its tensors point into (onnx.proto,
// TensorProto.external_data).
//
// Only regular files inside the model's folder are opened: no absolute path, no
// "..", no link that leads out. Each file is mapped once. One thread.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "onnx/model.h"

namespace escuta::onnx {

class ExternalFiles {
 public:
  // `folders`: where the model is; more than one if the model is itself a link,
  // as in Hugging Face's cache, where model and data are links into one folder
  // of blobs. None: all is refused.
  explicit ExternalFiles(std::vector<std::filesystem::path> folders)
      : folders_(std::move(folders)) {}

  // InvalidArgument for a location that may lead out of the folder, judged by
  // its spelling alone.
  static Status check_location(const std::string& location);

  // The `expected` bytes at `place`, mapped. DataLoss: no such file, or too
  // short. InvalidArgument: a location that leads out, or a length other than
  // `expected`.
  Result<std::span<const std::byte>> find(const ExternalData& place, size_t expected);

  uint64_t mapped_bytes() const { return mapped_bytes_; }
  std::vector<std::shared_ptr<const void>> release();

 private:
  using FilePtr = std::shared_ptr<const MappedFile>;
  Result<FilePtr> open(const std::string& location);

  std::vector<std::filesystem::path> folders_;
  std::map<std::string, FilePtr> by_location_;
  std::map<std::filesystem::path, FilePtr> by_path_;  // canonical
  uint64_t mapped_bytes_ = 0;
};

}  // namespace escuta::onnx
