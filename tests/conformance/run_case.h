// One case of ONNX's backend tests: a folder with model.onnx and, in test_data_set_0, 1, ..., its
// inputs input_0.pb, ... and the outputs that are expected of them, output_0.pb, ...
//
// The model is loaded and run as a user's model is: engine::Session, from the file. One thread.
#pragma once

#include <filesystem>
#include <vector>

#include "base/status.h"
#include "compare.h"
#include "engine/session.h"
#include "onnx/model.h"
#include "tensor/datum.h"

namespace escuta::conformance {

struct RunOptions {
  engine::SessionOptions session;
  Tolerance tolerance;
  // Where another engine's outputs are, as CASE/DATA_SET/output_0.pb, or CASE/error.txt with the
  // reason for which there are none. Nothing is run then. Empty: run.
  std::filesystem::path outputs;
};

// OK: every data set gave what is expected. Else what went wrong first.
Status run_case(const engine::Registry& registry, const std::filesystem::path& folder,
                const RunOptions& options);

}  // namespace escuta::conformance
