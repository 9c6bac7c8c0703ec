// What an operator is: its versions, shape inference, and the plain loop that defines its results.
//
// One file per operator has all of it; list.inc names it. Providers add faster kernels for the same
// operator; what they refuse runs here. Operators are immutable and for any thread.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "base/status.h"
#include "ops/call.h"
#include "ops/inference.h"
#include "ops/node_info.h"

namespace escuta::ops {

// A node made ready to run: attributes read, constants prepared. Immutable; run() from any thread.
class Kernel {
 public:
  virtual ~Kernel() = default;
  // InvalidArgument for inputs that do not fit together; Unimplemented for element types that the
  // operator does not take.
  virtual Status run(Call& call) const = 0;
  // Whether input i, or what a body gives, may be a tensor with room for more rows
  // (Datum::with_room). Others are dense.
  virtual bool takes_room(size_t) const { return false; }
};
using KernelPtr = std::unique_ptr<const Kernel>;

// How far two right implementations may be apart.
enum class Tolerance {
  kExact,     // bit for bit
  kRounding,  // floating-point rounding, order of sums
  kRandom,    // only the distribution
};

// How output 0 may use input memory.
enum class Memory {
  kNew,      // never
  kView,     // it is input 0's elements, in another shape perhaps: Call::set with a reshaped input
  kInPlace,  // element i is computed from elements i alone: it may overwrite an input of its size
};

// Versions at which the operator's definition changed, rising: {1, 6, 13}.
class Versions {
 public:
  constexpr Versions(std::initializer_list<int> versions) {
    for (const int version : versions) versions_[count_++] = static_cast<int16_t>(version);
  }
  constexpr std::span<const int16_t> all() const { return {versions_.data(), count_}; }
  // The newest that is not above the opset; 0 when the operator is younger.
  constexpr int resolve(int64_t opset) const {
    int found = 0;
    for (const int version : all()) {
      if (version <= opset) found = version;
    }
    return found;
  }

 private:
  std::array<int16_t, 16> versions_{};
  size_t count_ = 0;
};

inline constexpr int kAny = 1 << 20;  // as many inputs or outputs as one likes

struct Arity {
  int min = 0;
  int max = 0;
};

struct Operator {
  std::string_view domain;  // "" is ai.onnx
  std::string_view name;
  Versions versions;
  Arity inputs;
  Arity outputs{1, 1};
  // May be called with whatever is known; errors go to node.fail().
  void (*infer)(Inference& node);
  // Reads the attributes. InvalidArgument for such as make no sense.
  Result<KernelPtr> (*create)(const NodeInfo& node);
  Tolerance tolerance = Tolerance::kExact;
  Memory memory = Memory::kNew;
  int removed = kAny;  // the opset from which the operator is gone
};

// Operator::create for a Kernel with a constructor K(const NodeInfo&).
template <typename K>
Result<KernelPtr> make(const NodeInfo& node) {
  auto kernel = std::make_unique<K>(node);
  if (!node.status().ok()) return node.status();
  return KernelPtr(std::move(kernel));
}

// Operator::create for an operator without attributes.
template <Status (*function)(Call&)>
Result<KernelPtr> make_function(const NodeInfo&) {
  struct Function final : Kernel {
    Status run(Call& call) const override { return function(call); }
  };
  return KernelPtr(std::make_unique<Function>());
}

// All operators.
std::span<const Operator* const> operators();

// nullptr when there is none of that name in the domain ("ai.onnx" is "").
const Operator* find_operator(std::string_view domain, std::string_view name);

}  // namespace escuta::ops
