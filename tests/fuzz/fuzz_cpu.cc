// Any bytes as a model, made ready to run on provider `cpu`: inference, passes, kernels and all.
// Only the outcome is free: it must neither crash nor take long.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "graph/import.h"
#include "onnx/reader.h"
#include "providers/cpu/executable.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using escuta::cpu::CpuExecutable;
  const auto owner = std::make_shared<const std::vector<uint8_t>>(data, data + size);
  auto parsed = escuta::onnx::parse_model(std::as_bytes(std::span(*owner)), {}, owner, {});
  if (!parsed.ok()) return 0;
  auto model = escuta::graph::import_model(std::move(parsed).value());
  if (!model.ok()) return 0;
  escuta::cpu::PackedWeights weights;
  escuta::engine::CompileOptions options;
  options.threads = 1;
  auto shared = std::make_shared<const escuta::graph::Model>(std::move(model).value());
  for (const bool passes : {true, false}) {
    options.passes_off.clear();
    if (!passes) options.passes_off.push_back("all");
    const auto executable = CpuExecutable::create(shared, weights, options);
    if (!executable.ok() && executable.status().message().empty()) __builtin_trap();
  }
  return 0;
}
