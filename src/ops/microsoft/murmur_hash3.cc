// MurmurHash3 (com.microsoft 1): the 32-bit hash of each element's bytes (A. Appleby, MurmurHash3
// x86_32, 2010).
#include <bit>

#include "ops/dispatch.h"
#include "ops/operator.h"

namespace escuta::ops {
namespace {

uint32_t murmur_hash3(std::span<const std::byte> key, uint32_t seed) {
  constexpr uint32_t kFirst = 0xcc9e2d51, kSecond = 0x1b873593;
  uint32_t hash = seed;
  size_t at = 0;
  for (; at + 4 <= key.size(); at += 4) {
    uint32_t block = 0;
    for (size_t i = 0; i < 4; ++i) block |= static_cast<uint32_t>(key[at + i]) << (8 * i);
    hash ^= std::rotl(block * kFirst, 15) * kSecond;
    hash = std::rotl(hash, 13) * 5 + 0xe6546b64;
  }
  uint32_t rest = 0;
  for (size_t i = 0; at + i < key.size(); ++i) {
    rest |= static_cast<uint32_t>(key[at + i]) << (8 * i);
  }
  hash ^= std::rotl(rest * kFirst, 15) * kSecond;
  hash ^= static_cast<uint32_t>(key.size());
  hash = (hash ^ hash >> 16) * 0x85ebca6b;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35;
  return hash ^ hash >> 16;
}

class MurmurHash3 final : public Kernel {
 public:
  explicit MurmurHash3(const NodeInfo& node)
      : seed_(static_cast<uint32_t>(node.integer("seed", 0))),
        positive_(node.integer("positive", 1) != 0) {}

  Status run(Call& call) const override {
    const Datum& input = call.input(0);
    ASSIGN_OR_RETURN(std::byte * data,
                     call.allocate(0, positive_ ? DType::kUint32 : DType::kInt32, input.shape()));
    auto* dst = reinterpret_cast<uint32_t*>(data);
    using All = Types<uint32_t, int32_t, uint64_t, int64_t, float, double, std::string>;
    return dispatch(All{}, input.dtype(), [&](auto tag) -> Status {
      for (const auto& value : input.as<decltype(tag)>()) {
        if constexpr (std::is_same_v<decltype(tag), std::string>) {
          *dst++ = murmur_hash3(std::as_bytes(std::span(value)), seed_);
        } else {
          *dst++ = murmur_hash3(std::as_bytes(std::span(&value, 1)), seed_);
        }
      }
      return {};
    });
  }

 private:
  uint32_t seed_;
  bool positive_;
};

}  // namespace

extern const Operator kMsMurmurHash3 = {
    .domain = "com.microsoft",
    .name = "MurmurHash3",
    .versions = {1},
    .inputs = {1, 1},
    .infer =
        [](Inference& node) {
          const bool positive = node.integer("positive", 1) != 0;
          node.set(0, positive ? DType::kUint32 : DType::kInt32, node.shape(0));
        },
    .create = make<MurmurHash3>};

}  // namespace escuta::ops
