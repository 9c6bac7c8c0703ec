// Reads an ONNX model and writes it again, through the reader and writer alone (`raw`) or through
// the graph as well (`graph`). rewrite_test.py compares the two files.
#include <cstdio>
#include <string>

#include "graph/export.h"
#include "graph/import.h"
#include "onnx/reader.h"
#include "onnx/writer.h"

namespace escuta {
namespace {

Status rewrite(const std::string& how, const char* in, const char* out) {
  ASSIGN_OR_RETURN(onnx::Model model, onnx::read_model(in));
  if (how == "raw") return onnx::write_model(model, out);
  ASSIGN_OR_RETURN(const graph::Model imported, graph::import_model(std::move(model)));
  return onnx::write_model(graph::export_model(imported), out);
}

}  // namespace
}  // namespace escuta

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s raw|graph IN.onnx OUT.onnx\n", argv[0]);
    return 2;
  }
  const escuta::Status status = escuta::rewrite(argv[1], argv[2], argv[3]);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.to_string().c_str());
  return status.ok() ? 0 : 1;
}
