// Random numbers for operators: with the attribute `seed` the same ones in each run, which are
// those of numpy.random.RandomState(seed), as ONNX's reference implementation draws them; else from
// the call's generator. Not for secrets.
#pragma once

#include <cmath>
#include <optional>
#include <random>
#include <utility>

#include "ops/operator.h"
#include "ops/wrapping.h"

namespace escuta::ops {

class Seed {
 public:
  Seed() = default;
  explicit Seed(int64_t value) : value_(static_cast<uint32_t>(value)) {}
  // The attribute `seed`, a float.
  explicit Seed(const NodeInfo& node) {
    if (node.has("seed")) {
      value_ = static_cast<uint32_t>(saturating_cast<int64_t>(node.number("seed", 0)));
    }
  }

  // function(generator)
  template <typename F>
  auto with_generator(Call& call, F&& function) const {
    if (!value_) return function(call.random());
    std::mt19937 generator(*value_);
    return function(generator);
  }

 private:
  std::optional<uint32_t> value_;
};

// In [0, 1), all 53 bits of it.
inline double uniform(std::mt19937_64& generator) {
  return static_cast<double>(generator() >> 11) * 0x1p-53;
}
inline double uniform(std::mt19937& generator) {  // genrand_res53 of its authors
  const double high = static_cast<double>(generator() >> 5);
  return (high * 0x1p26 + static_cast<double>(generator() >> 6)) * 0x1p-53;
}

// The standard normal distribution, two values at a time (Marsaglia's polar method).
class Normal {
 public:
  template <typename Generator>
  double operator()(Generator& generator) {
    if (std::exchange(has_spare_, !has_spare_)) return spare_;
    double x = 0, y = 0, square = 0;
    do {
      x = 2 * uniform(generator) - 1;
      y = 2 * uniform(generator) - 1;
      square = x * x + y * y;
    } while (square >= 1 || square == 0);
    const double scale = std::sqrt(-2 * std::log(square) / square);
    spare_ = scale * x;
    return scale * y;
  }

 private:
  bool has_spare_ = false;
  double spare_ = 0;
};

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
