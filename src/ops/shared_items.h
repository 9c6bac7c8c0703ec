// What a kernel can be beside a Kernel: one that reads inputs which several items of the batch
// share.
#pragma once

#include <cstddef>

namespace escuta::ops {

class SharesItems {
 public:
  // Whether input i may have fewer items (axis 0) than the batch: item b then reads item
  // b / (batch / items) of it, as the beams of one window read one window's keys.
  virtual bool takes_fewer_items(size_t input) const = 0;

 protected:
  ~SharesItems() = default;
};

}  // namespace escuta::ops
