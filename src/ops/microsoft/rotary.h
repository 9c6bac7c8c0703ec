// Rotary position embedding (Su et al.: "RoFormer", 2021) of one vector.
#pragma once

#include <cstdint>

namespace escuta::ops {

// Rotates the pairs of the first 2 * pairs elements of src by the angles of cos, sin [pairs]: pair
// j is elements 2j and 2j + 1 where `interleaved`, else j and pairs + j. dst may be src.
template <typename T>
void rotate(const T* src, const T* cos, const T* sin, int64_t pairs, bool interleaved, T* dst) {
  const int64_t step = interleaved ? 2 : 1, apart = interleaved ? 1 : pairs;
  for (int64_t j = 0; j < pairs; ++j) {
    const T x = src[j * step], y = src[j * step + apart];
    dst[j * step] = x * cos[j] - y * sin[j];
    dst[j * step + apart] = x * sin[j] + y * cos[j];
  }
}

}  // namespace escuta::ops
