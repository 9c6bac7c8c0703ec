// engine::CompileOptions as the session options of ONNX Runtime.
#pragma once

#include <vector>

#include "base/status.h"
#include "engine/provider.h"
#include "providers/ort/handle.h"
#include "providers/ort/library.h"

namespace escuta::ort {

// Which of ONNX Runtime's execution providers a session uses before its CPU one.
struct ExecutionProvider {
  std::string name;                     // ours: "ort", "ort:openvino"
  std::string ort_name;                 // theirs: "OpenVINOExecutionProvider"; "" is CPU only
  const OrtEpDevice* device = nullptr;  // of a plugin; null: built into the library
};

// InvalidArgument for a value that ONNX Runtime does not take; the message has the option's name.
Result<SessionOptionsHandle> make_session_options(const Library& library,
                                                  const ExecutionProvider& provider,
                                                  const engine::CompileOptions& options);

}  // namespace escuta::ort
