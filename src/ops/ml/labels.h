// The classes of a classifier: integers or strings, by number.
#pragma once

#include <string>
#include <vector>

#include "ops/call.h"
#include "ops/inference.h"

namespace escuta::ops::ml {

class Labels {
 public:
  // Attributes of these names; strings win where both are there.
  Labels(const NodeInfo& node, std::string_view strings, std::string_view integers)
      : strings_(node.texts(strings)), integers_(node.integers(integers)) {}

  bool are_strings() const { return !strings_.empty(); }
  size_t size() const { return are_strings() ? strings_.size() : integers_.size(); }
  DType dtype() const { return are_strings() ? DType::kString : DType::kInt64; }
  const std::vector<std::string>& strings() const { return strings_; }
  const std::vector<int64_t>& integers() const { return integers_; }

  // dst: a tensor of dtype(). Element i becomes label k < size().
  void store(std::byte* dst, int64_t i, size_t k) const {
    if (are_strings()) {
      reinterpret_cast<std::string*>(dst)[i] = strings_[k];
    } else {
      reinterpret_cast<int64_t*>(dst)[i] = integers_[k];
    }
  }
  // Element i becomes label 1 or 0 of two. Where there are not two labels, the number itself: one
  // score says yes or no, and then no label has these meanings.
  void store_yes_or_no(std::byte* dst, int64_t i, bool yes) const {
    if (size() == 2) return store(dst, i, yes ? 1 : 0);
    if (are_strings()) {
      reinterpret_cast<std::string*>(dst)[i] = yes ? "1" : "0";
    } else {
      reinterpret_cast<int64_t*>(dst)[i] = yes ? 1 : 0;
    }
  }

 private:
  std::vector<std::string> strings_;
  std::vector<int64_t> integers_;
};

}  // namespace escuta::ops::ml
