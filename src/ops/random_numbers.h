// Random numbers for operators: with the attribute `seed` the same ones in each run, else from the
// call's generator. Not for secrets.
#pragma once

#include <bit>
#include <optional>
#include <random>

#include "ops/operator.h"

namespace escuta::ops {

using Random = std::mt19937_64;

class Seed {
 public:
  Seed() = default;
  explicit Seed(uint64_t value) : value_(value) {}
  // The attribute `seed`, a float.
  explicit Seed(const NodeInfo& node) {
    if (node.has("seed")) value_ = std::bit_cast<uint32_t>(node.number("seed", 0));
  }

  // function(generator)
  template <typename F>
  auto with_generator(Call& call, F&& function) const {
    if (!value_) return function(call.random());
    Random generator(*value_);
    return function(generator);
  }

 private:
  std::optional<uint64_t> value_;
};

// In [0, 1), all 53 bits of it.
inline double uniform(Random& generator) {
  return static_cast<double>(generator() >> 11) * 0x1p-53;
}

enum class Law {
  kUniform,  // attributes `low` and `high`
  kNormal,   // attributes `mean` and `scale`
};

// output 0: independent numbers of the law. `like`: in the shape of input 0, and of its type unless
// the attribute `dtype` says so; else in the shape and type of the attributes.
class RandomTensor : public Kernel {
 public:
  RandomTensor(const NodeInfo& node, Law law, bool like);
  Status run(Call& call) const override;

 private:
  Law law_;
  bool like_;
  Seed seed_;
  double first_, second_;
  DType dtype_;
  Shape shape_;
};

void infer_random(Inference& node);
void infer_random_like(Inference& node);

template <Law law, bool like>
constexpr Operator random_tensor(std::string_view name) {
  struct Made final : RandomTensor {
    explicit Made(const NodeInfo& node) : RandomTensor(node, law, like) {}
  };
  return {.domain = "",
          .name = name,
          .versions = {1, 22},
          .inputs = {like ? 1 : 0, like ? 1 : 0},
          .infer = like ? infer_random_like : infer_random,
          .create = make<Made>,
          .tolerance = Tolerance::kRandom};
}

}  // namespace escuta::ops
