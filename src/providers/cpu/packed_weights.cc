#include "providers/cpu/packed_weights.h"

#include <fmt/format.h>

#include <cstring>

#include "base/files.h"

namespace escuta::cpu {
namespace {

// Which bytes of which file these are; "" for those that no other session can have.
std::string place_of(const std::filesystem::path& model, const graph::Constant& constant) {
  if (!constant.external) return "";
  std::error_code error;
  const auto path =
      std::filesystem::canonical(model.parent_path() / constant.external->location, error);
  if (error) return "";
  const auto changed = std::filesystem::last_write_time(path, error);
  if (error) return "";
  return fmt::format("{}:{}:{}:{}", path.string(), constant.external->offset, constant.bytes.size(),
                     changed.time_since_epoch().count());
}

}  // namespace

Result<std::shared_ptr<const PackedWeight>> PackedWeights::get(const std::filesystem::path& model,
                                                               const graph::Constant& constant,
                                                               std::string_view form,
                                                               const Make& make) {
  std::string key = place_of(model, constant);
  if (!key.empty()) key += fmt::format(":{}", form);
  // Held while packing: whoever wants the same waits instead of packing it twice.
  const std::lock_guard lock(mutex_);
  if (const auto it = shared_.find(key); !key.empty() && it != shared_.end()) {
    if (std::shared_ptr<const PackedWeight> found = it->second.lock()) return found;
  }
  const std::byte* src = constant.bytes.data();
  Buffer aligned;
  if (reinterpret_cast<uintptr_t>(src) % 8 != 0) {
    ASSIGN_OR_RETURN(aligned, Buffer::allocate(constant.bytes.size()));
    std::memcpy(aligned.data(), src, constant.bytes.size());
    src = aligned.data();
  }
  ASSIGN_OR_RETURN(PackedWeight packed, make(src));
  if (constant.mapped) release_pages(constant.bytes);
  auto result = std::make_shared<const PackedWeight>(std::move(packed));
  if (!key.empty()) shared_[key] = result;
  return result;
}

Result<std::shared_ptr<const Buffer>> PackedWeights::get(
    const std::filesystem::path& model, const graph::Constant& constant, std::string_view form,
    size_t bytes, const std::function<void(const std::byte* src, std::byte* dst)>& pack) {
  const auto make = [&](const std::byte* src) -> Result<PackedWeight> {
    PackedWeight packed;
    ASSIGN_OR_RETURN(packed.bytes, Buffer::allocate_for_long(bytes));
    pack(src, packed.bytes.data());
    return packed;
  };
  ASSIGN_OR_RETURN(const std::shared_ptr<const PackedWeight> made,
                   get(model, constant, form, make));
  return std::shared_ptr<const Buffer>(made, &made->bytes);
}

size_t PackedWeights::held_bytes() {
  const std::lock_guard lock(mutex_);
  size_t bytes = 0;
  for (const auto& [key, weak] : shared_) {
    if (const auto packed = weak.lock()) bytes += packed->bytes.size();
  }
  return bytes;
}

}  // namespace escuta::cpu
