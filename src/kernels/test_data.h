// What the kernels' tests share.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <vector>

#include "kernels/table.h"

namespace escuta::kernels {

template <typename T>
std::vector<T> random_values(size_t count, unsigned seed, double low = -1, double high = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(uniform(random));
  return values;
}

// Aligned to 64 bytes, with a mark behind the end that says whether somebody wrote there.
class Scratch {
 public:
  explicit Scratch(size_t bytes)
      : bytes_(bytes), memory_(static_cast<std::byte*>(::operator new(bytes + 64, kLine))) {
    std::memset(memory_.get(), 0xee, bytes + 64);
  }
  void* get() { return memory_.get(); }
  float* floats() { return reinterpret_cast<float*>(memory_.get()); }
  bool intact() const {
    for (size_t i = 0; i < 64; ++i) {
      if (memory_.get()[bytes_ + i] != std::byte{0xee}) return false;
    }
    return true;
  }

 private:
  static constexpr std::align_val_t kLine{64};
  struct Free {
    void operator()(std::byte* memory) const { ::operator delete(memory, kLine); }
  };
  size_t bytes_;
  std::unique_ptr<std::byte, Free> memory_;
};

// One instance of each test for each instruction set of this machine.
class EachTable : public testing::TestWithParam<const KernelTable*> {
 protected:
  const KernelTable& table() const { return *GetParam(); }
};

#define ESCUTA_EACH_TABLE(Suite)                                                            \
  INSTANTIATE_TEST_SUITE_P(                                                                 \
      Isas, Suite, testing::ValuesIn(available_tables().begin(), available_tables().end()), \
      [](const auto& param) { return std::string(param.param->isa); })

}  // namespace escuta::kernels
