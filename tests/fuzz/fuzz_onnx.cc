// The ONNX reader, writer and import: any bytes get an answer, and what is accepted survives being
// written and read again, as a file and as a graph.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "graph/export.h"
#include "graph/import.h"
#include "onnx/reader.h"
#include "onnx/writer.h"

namespace {

using escuta::Result;
using escuta::onnx::Model;

// External data is checked as far as it can be without files.
Result<Model> parse(std::span<const char> bytes, bool aligned) {
  const auto owner = std::make_shared<const std::vector<char>>(bytes.begin(), bytes.end());
  escuta::onnx::ReadOptions options;
  options.load_external_data = false;
  if (!aligned) options.align_data_under = 0;
  return escuta::onnx::parse_model(std::as_bytes(std::span(*owner)), {}, owner, options);
}

// What must hold of every input.
void require(const escuta::Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", what, status.to_string().c_str());
  std::abort();
}

std::string rewrite(const Model& model, const char* what) {
  const auto bytes = escuta::onnx::serialize_model(model);
  require(bytes.status(), what);
  return *bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span input(reinterpret_cast<const char*>(data), size);
  auto model = parse(input, size % 2 == 0);
  if (!model.ok()) return 0;

  const std::string written = rewrite(*model, "write what was read");
  const auto again = parse(written, true);
  require(again.status(), "read what was written");
  if (rewrite(*again, "write it again") != written) std::abort();

  const auto graph = escuta::graph::import_model(*std::move(model));
  if (!graph.ok()) return 0;
  const std::string exported = rewrite(escuta::graph::export_model(*graph), "write the graph");
  auto read = parse(exported, true);
  require(read.status(), "read the graph");
  require(escuta::graph::import_model(*std::move(read)).status(), "import the graph again");
  return 0;
}
