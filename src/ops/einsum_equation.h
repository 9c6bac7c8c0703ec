// The equation of Einsum: which dimensions of which operands go together.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tensor/shape.h"

namespace escuta::ops {

// A label is a letter (A-Z, a-z: 0..51), or a dimension that "..." stands for, counted from the
// last one backwards (52 is the last).
struct EinsumEquation {
  static constexpr int kLetters = 52;
  static constexpr int kLabels = kLetters + kMaxRank;

  struct Term {
    std::vector<int> before, after;  // letters in front of "..." and after it
    bool ellipsis = false;

    int letters() const { return static_cast<int>(before.size() + after.size()); }
    // The labels of a tensor of this rank; InvalidArgument where they cannot be that many.
    Result<std::vector<int>> labels(int rank) const;
  };
  std::vector<Term> operands;
  Term result;

  // Without "->": "..." and then the letters that stand once, in alphabetical order.
  static Result<EinsumEquation> parse(std::string_view text);
};

}  // namespace escuta::ops
