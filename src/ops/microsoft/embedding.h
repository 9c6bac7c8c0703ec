// What EmbedLayerNormalization and its quantised form share: rows of tables chosen by ids, and the
// number of words that a mask leaves.
#pragma once

#include "ops/inference.h"
#include "ops/microsoft/inputs.h"

namespace escuta::ops {

// The row of table input `table` that an id names. OutOfRange.
inline Result<int64_t> table_row(const Call& call, size_t table, int64_t id) {
  const int64_t rows = call.shape(table)[0];
  if (id < 0 || id >= rows) {
    return out_of_range("expected an id from 0 to {} for input {}, found {}", rows - 1, table, id);
  }
  return id;
}

// Output 1 [batch]: how many elements of each row of the mask, input 7, are not 0; 0 without mask.
inline Status count_mask(Call& call, int64_t batch, int64_t length) {
  ASSIGN_OR_RETURN(int32_t * counts, call.output<int32_t>(1, {batch}));
  std::fill(counts, counts + batch, 0);
  if (!call.has(7)) return {};
  RETURN_IF_ERROR(expect_shape(call, 7, "mask", {batch, length}));
  ASSIGN_OR_RETURN(const auto mask, elements<int32_t>(call, 7));
  for (size_t i = 0; i < mask.size(); ++i) {
    counts[i / static_cast<size_t>(length)] += mask[i] != 0;
  }
  return {};
}

inline void infer_embedding(Inference& node, DType dtype) {
  std::optional<Dims> dims;
  if (node.rank(0) == 2) {
    const Dims& ids = *node.shape(0);
    dims = Dims{ids[0], ids[1], node.rank(2) == 2 ? (*node.shape(2))[1] : Dim()};
    node.set(1, DType::kInt32, Dims{ids[0]});
  }
  node.set(0, dtype, dims);
  node.set(2, dtype, dims);
}

}  // namespace escuta::ops
