// Weights that the sessions of one model share.
//
// A decoder without and one with past are two graphs over one external-data file. ONNX Runtime
// packs most weights anew for each session; weights that are handed to it by the caller it packs
// once and shares (its "shared initializers" and PrepackedWeightsContainer). For Whisper base that
// is 190 MB less.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "graph/graph.h"
#include "providers/ort/handle.h"
#include "providers/ort/library.h"

namespace escuta::ort {

// One external-data file, mapped, and what was packed from it.
struct WeightsFile {
  std::shared_ptr<const Library> library;  // outlives `packed`
  std::shared_ptr<const MappedFile> file;
  PrepackedHandle packed;
};

// What one session holds of it. Must outlive the session. Move-only.
class AttachedWeights {
 public:
  AttachedWeights() = default;

  // CreateSession, with the packed weights where there are some.
  Status create_session(const Library& library, const std::filesystem::path& model,
                        const OrtSessionOptions* options, OrtSession** out) const;

 private:
  friend class SharedWeights;
  std::shared_ptr<WeightsFile> file_;  // null: nothing is shared
  std::vector<ValueHandle> values_;    // over the bytes of `file_`
};

// The files that are in use. Any thread.
class SharedWeights {
 public:
  explicit SharedWeights(std::shared_ptr<const Library> library) : library_(std::move(library)) {}

  // Hands the model's external weights to the session's options, if all are in one file beside the
  // model; otherwise ONNX Runtime reads them by itself.
  Result<AttachedWeights> attach(const graph::Model& model, OrtSessionOptions* options);

 private:
  Result<std::shared_ptr<WeightsFile>> open(const std::filesystem::path& path);

  std::shared_ptr<const Library> library_;
  std::mutex mutex_;
  std::map<std::filesystem::path, std::weak_ptr<WeightsFile>> files_;
};

}  // namespace escuta::ort
