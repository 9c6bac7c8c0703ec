// The reader of CTranslate2's model.bin, and what an import asks of it before it writes: sizes,
// the shape of every variable, and the conversion of small ones.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "convert/ctranslate2.h"
#include "convert/weights.h"
#include "convert/whisper_graph.h"
#include "convert/whisper_sizes.h"

namespace {

using escuta::convert::Ct2File;

void convert_all(const Ct2File& file) {
  for (const auto& variable : file.variables()) {
    if (file.find(variable.name) != &variable) std::abort();
    const auto dims = variable.shape.dims();
    if (variable.shape.rank() == 0 || variable.shape.count() == 0) continue;
    escuta::convert::Weight weight{variable.name, {dims.begin(), dims.end()}};
    weight.transpose = dims.size() == 2;
    escuta::convert::InitializerPool pool(escuta::DType::kFloat);
    pool.add_weight("weight", weight);
    if (!pool.check(file).ok()) continue;
    const auto bytes = escuta::convert::convert_weight(file, weight, escuta::DType::kFloat16);
    const auto expected = static_cast<size_t>(variable.shape.count()) * sizeof(uint16_t);
    if (bytes.ok() && bytes->size() != expected) std::abort();
  }
}

void check_graphs(const Ct2File& file) {
  const auto sizes = escuta::convert::read_sizes(file);
  // A decoder of many layers is a graph of many nodes, which is no fault: leave it out here.
  if (!sizes.ok() || sizes->encoder_layers + sizes->decoder_layers > 16) return;
  escuta::convert::InitializerPool pool(escuta::DType::kFloat16);
  escuta::convert::GraphBuilder graph(pool, "");
  escuta::convert::build_encoder(*sizes, graph);
  escuta::convert::GraphBuilder merged(pool, "");
  escuta::convert::build_merged_decoder(*sizes, merged);
  if (pool.check(file).ok()) convert_all(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A copy of the exact size, so that the address sanitizer sees a byte read too many.
  auto bytes = std::make_shared<std::vector<uint8_t>>(data, data + size);
  const auto file = Ct2File::parse(std::as_bytes(std::span(*bytes)), "model.bin", bytes);
  if (!file.ok()) {
    if (file.status().message().empty()) std::abort();
    return 0;
  }
  convert_all(*file);
  check_graphs(*file);
  return 0;
}
