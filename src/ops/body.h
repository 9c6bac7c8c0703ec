// What the operators with bodies (If, Loop, Scan, SequenceMap) share.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "ops/call.h"
#include "ops/inference.h"

namespace escuta::ops {

// A body of a node: which one it is and what it takes and gives.
struct Body {
  int index = -1;
  graph::GraphPtr graph;
  size_t inputs = 0;
  size_t outputs = 0;

  // Fails the node when the attribute is absent.
  Body(const NodeInfo& node, std::string_view attribute);
  // What the model's file says of an output or input; nothing perhaps.
  const graph::Fact& output_fact(size_t i) const;
  const graph::Fact& input_fact(size_t i) const;
};

// The facts of all outputs of a body; unknown where they cannot be known.
std::vector<graph::Fact> infer_outputs(const Inference& node, std::string_view attribute,
                                       std::vector<graph::Fact> inputs, size_t outputs);

// A list that needs no heap memory while it has at most N items.
template <typename T, size_t N = 12>
class SmallList {
 public:
  explicit SmallList(size_t count) : count_(count) {
    if (count > N) many_.resize(count);
  }
  std::span<T> span() { return {count_ > N ? many_.data() : few_.data(), count_}; }
  T& operator[](size_t i) { return span()[i]; }
  void clear() {
    for (T& item : span()) item = T();
  }

 private:
  size_t count_;
  std::array<T, N> few_{};
  std::vector<T> many_;
};

// `shape`'s elements of a tensor from element `offset` on: borrowed where they begin with a byte,
// else a copy.
Result<Datum> part_of(const Datum& datum, int64_t offset, const Shape& shape);

// InvalidArgument unless `found`, which a body gave, is a tensor like `expected`.
Status check_like(const Datum& found, DType dtype, const Shape& shape, std::string_view what);

}  // namespace escuta::ops
