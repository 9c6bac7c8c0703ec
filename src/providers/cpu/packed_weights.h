// Weights in the form that kernels read, shared by all sessions of a provider.
//
// A decoder without and one with past are two graphs over one file of weights: what is packed for
// one serves the other. Any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/status.h"
#include "graph/fact.h"
#include "tensor/buffer.h"

namespace escuta::cpu {

struct PackedWeight {
  Buffer bytes;
  int kind = 0;  // which of several forms; the packer's own number
};

class PackedWeights {
 public:
  // What `make` makes of the constant's elements, which it is given aligned to 8. The same `form`
  // of the same place in the same file is made once for all who hold it. Afterwards the constant's
  // pages of a mapped file are given back to the system.
  using Make = std::function<Result<PackedWeight>(const std::byte* src)>;
  Result<std::shared_ptr<const PackedWeight>> get(const std::filesystem::path& model,
                                                  const graph::Constant& constant,
                                                  std::string_view form, const Make& make);

  // `bytes` bytes, 64-byte aligned, that `pack` has filled from the constant's elements.
  Result<std::shared_ptr<const Buffer>> get(
      const std::filesystem::path& model, const graph::Constant& constant, std::string_view form,
      size_t bytes, const std::function<void(const std::byte* src, std::byte* dst)>& pack);

  // Bytes that are packed and in use, of weights that can be shared.
  size_t held_bytes();

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const PackedWeight>> shared_;
};

}  // namespace escuta::cpu
